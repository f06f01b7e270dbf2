"""Our steps equal the recorded steps of the authors' program, within the tolerances of its README."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from autofis_kedro.optim import GRDA
from tests.paper.oracle import Recording, batch_of, model_of, replay

MODELS = [
    "autofm2_search_syn",
    "autofm2_search_frappe",
    "autofm3_search_syn",
    "autodeepfm2_search_syn",
    "autofm2_retrain_syn",
]
ALPHAS = ("edge_weight/weights", "third_edge_weight/third_weights")


@pytest.mark.parametrize("case", range(4))
def test_grda_equals_the_recording(shared, case):
    r = Recording.load(shared / "oracle" / "grda.npz")
    get = lambda key: r[f"case{case}_{key}"]
    alpha = torch.nn.Parameter(torch.from_numpy(get("x0").copy()))
    grda = GRDA([alpha], lr=1.0, c=float(get("c")), mu=float(get("mu")))
    for t, gradient in enumerate(get("grads")):
        grda.param_groups[0]["lr"] = float(get("lrs")[t])
        alpha.grad = torch.from_numpy(gradient.copy())
        grda.step()
        assert_allclose(alpha.detach(), get("x")[t], atol=1e-5)
        assert_allclose(grda.state[alpha]["dual"], get("dual")[t], atol=1e-5)
        assert abs(grda.param_groups[0]["threshold"] - get("l1")[t]) < 1e-6
        assert_allclose(grda.param_groups[0]["threshold"], get("l1_f64")[t], rtol=1e-12)


@pytest.mark.parametrize("defer_tables", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_training_equals_the_recording(shared, name, defer_tables):
    r = Recording.load(shared / "oracle" / f"{name}.npz")
    logit_atol = 5e-4 if "deep" in name else 1e-4

    def check(t, logits, loss, model, grda):
        if t < 0:
            for key, gradient in r.under("grad0/").items():
                ours = model.get_parameter(key).grad
                assert_allclose(ours, gradient.reshape(ours.shape), atol=1e-6)
            return
        assert_allclose(logits.detach(), r["logits"][t], atol=logit_atol)
        assert abs(loss.item() - r["loss"][t]) < 1e-5
        for gates, name in zip(model.all_gates, ALPHAS, strict=False):
            alpha, recorded = gates.detach().numpy(), r[f"traj/{name}"][t]
            assert_allclose(alpha, recorded, atol=1e-5)
            assert ((alpha == 0) == (recorded == 0)).all()
            if grda is not None:
                assert_allclose(grda.state[gates]["dual"], r[f"traj/{name}/GRDA"][t], atol=1e-5)
        for key, value in r.under("traj/").items():
            if ".norm." in key:
                assert_allclose(model.get_buffer(key), value[t], atol=2e-6)
        if grda is not None:
            assert abs(grda.param_groups[0]["threshold"] - r["traj/loss/l1_accum"][t]) < 1e-6

    first = model_of(r).eval()
    evaluation = batch_of(r["X_eval"], r["y_eval"])
    assert_allclose(first(evaluation).detach(), r["eval_logits_init"], atol=logit_atol)
    model = replay(r, check, defer_tables=defer_tables).eval()
    for key, value in r.under("final/").items():
        ours = model.state_dict()[key].numpy()
        assert_allclose(ours, value.reshape(ours.shape), atol=1e-4 if key.startswith("mlp") else 2e-5)
    assert_allclose(model(evaluation).detach(), r["eval_logits_final"], atol=logit_atol)


def test_the_recordings_tell_another_form_of_adam(shared):
    """The comparison can fail: torch's own epsilon leaves the tolerances."""
    r = Recording.load(shared / "oracle" / "autofm2_search_frappe.npz")
    worst = []
    replay(r, lambda t, logits, *_: worst.append(np.abs(logits.detach() - r["logits"][t]).max()), torch.optim.Adam)
    assert max(worst) > 1e-4
