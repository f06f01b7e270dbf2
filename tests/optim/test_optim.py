"""GRDA and Adam against plain numpy in float64."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autofis_kedro.errors import UserError
from autofis_kedro.models import CTRModel, ModelSpec
from autofis_kedro.optim import GRDA, EpsilonHatAdam, c_for_final_threshold
from autofis_kedro.optim.groups import claim
from tests.problems import schema_of


def grda_by_hand(alpha, gradients, rates, c, mu):
    dual, threshold = np.zeros_like(alpha), 0.0
    for t, (gradient, lr) in enumerate(zip(gradients, rates, strict=True)):
        dual = dual + (alpha if t == 0 else 0) - lr * gradient
        threshold += c * lr ** (0.5 + mu) * ((t + 1) ** mu - t**mu)
        alpha = np.sign(dual) * np.maximum(np.abs(dual) - threshold, 0)
        yield alpha, threshold


@given(st.integers(0, 10_000), st.floats(0, 0.3), st.floats(0.1, 1.0))
@settings(max_examples=30, deadline=None)
def test_grda_equals_the_formula(seed, c, mu):
    rng = np.random.default_rng(seed)
    start, gradients = rng.normal(size=5), rng.normal(size=(30, 5)) * 0.1
    rates = 0.8 ** (np.arange(30) // 10)
    alpha = torch.nn.Parameter(torch.from_numpy(start.copy()))
    grda = GRDA([alpha], lr=1.0, c=c, mu=mu)
    for gradient, lr, (expected, threshold) in zip(
        gradients, rates, grda_by_hand(start, gradients, rates, c, mu), strict=True
    ):
        grda.param_groups[0]["lr"] = lr
        alpha.grad = torch.from_numpy(gradient)
        grda.step()
        np.testing.assert_allclose(alpha.detach(), expected, atol=1e-12)
        assert grda.param_groups[0]["threshold"] == pytest.approx(threshold)


def test_a_closed_gate_may_reopen_and_change_its_sign():
    alpha = torch.nn.Parameter(torch.tensor([0.1]))
    grda = GRDA([alpha], lr=1.0, c=0.2, mu=0.0001)
    seen = []
    for gradient in (0.0, 0.0, 0.8):
        alpha.grad = torch.tensor([gradient])
        grda.step()
        seen.append(float(alpha.detach()))
    assert seen[0] == seen[1] == 0.0
    assert seen[2] < 0


@given(st.integers(1, 400), st.floats(0.2, 1.0), st.floats(0.3, 1.0), st.floats(0.01, 3))
@settings(max_examples=40, deadline=None)
def test_the_final_threshold_is_reached_whatever_the_number_of_steps(steps, mu, decay, target):
    rates = [decay ** (5 * t // steps) for t in range(steps)]
    alpha = torch.nn.Parameter(torch.zeros(1))
    grda = GRDA([alpha], c=c_for_final_threshold(target, rates, mu), mu=mu)
    for lr in rates:
        grda.param_groups[0]["lr"] = lr
        alpha.grad = torch.zeros(1)
        grda.step()
    assert grda.param_groups[0]["threshold"] == pytest.approx(target)


@pytest.mark.parametrize(("name", "value"), [("lr", 0.0), ("c", -1.0), ("mu", -0.1)])
def test_values_out_of_range_are_named(name, value):
    with pytest.raises(UserError, match=f"GRDA {name}={value}"):
        GRDA([torch.nn.Parameter(torch.zeros(1))], **{name: value})


def test_adam_equals_the_epsilon_hat_form():
    rng = np.random.default_rng(0)
    weight, m, v = rng.normal(size=6), np.zeros(6), np.zeros(6)
    parameter = torch.nn.Parameter(torch.from_numpy(weight.copy()))
    adam = EpsilonHatAdam([{"params": [parameter], "weight_decay": 0.3}], lr=0.01)
    for t in range(1, 60):
        gradient = rng.normal(size=6) * 1e-7 * (rng.random(6) < 0.3)
        parameter.grad = torch.from_numpy(gradient.copy())
        adam.step()
        total = gradient + 0.3 * weight
        m, v = 0.9 * m + 0.1 * total, 0.999 * v + 0.001 * total**2
        weight = weight - 0.01 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-8)
        np.testing.assert_allclose(parameter.detach(), weight, rtol=1e-10)


def test_every_parameter_is_claimed_exactly_once():
    model = CTRModel(ModelSpec(embedding_dim=2, weighting="learned"), schema_of([4, 4]))
    groups = claim(model, {"*alpha_P": "gates", "*.weight": "tables", "bias": "bias"})
    assert [len(groups[g]) for g in ("gates", "tables", "bias")] == [1, 2, 1]
    with pytest.raises(UserError, match=r"'bias' is claimed by no optimizer"):
        claim(model, {"*alpha_P": "gates", "*.weight": "tables"})
    with pytest.raises(UserError, match=r"'linear\.weight' is claimed by .*exactly one"):
        claim(model, {"*": "all", "linear.*": "linear"})
