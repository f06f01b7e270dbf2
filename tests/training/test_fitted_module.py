"""A fitted model is an ordinary module: whatever torch optimizer one takes trains all of it."""

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from autofis_kedro.data.batches import take
from autofis_kedro.errors import UserError
from autofis_kedro.models import CTRModel
from autofis_kedro.training import SearchConfig, fit
from autofis_kedro.training.fine_tune import fine_tune
from tests.models.zoo import SPECS
from tests.problems import random_examples, schema_of
from tests.training.small import CONFIG, DEEP, SCHEMA, TRAIN, VALID

ONE_HOT = schema_of([9, 8, 7, 6])
BATCH = take(random_examples(ONE_HOT, 200, 3), slice(None))
ROWS = random_examples(ONE_HOT, 300, 0), random_examples(ONE_HOT, 100, 1)
SHORT = CONFIG.model_copy(update={"epochs": 1})


def trained(spec, **given):
    """A model that ``fit`` has trained for an epoch."""
    model = CTRModel(spec, ONE_HOT, seed=1)
    fit(model, *ROWS, SHORT.model_copy(update={"l2_embedding": 0.0} | given), seed=1)
    return model


def gradients(model):
    """Of every parameter over one batch, by autograd alone."""
    model.train()
    model.zero_grad()
    torch.manual_seed(0)  # of dropout
    cross_entropy(model(BATCH), BATCH.labels_B).backward()
    return {name: parameter.grad for name, parameter in model.named_parameters()}


DEFERRED = ["lr", "autodeepfm", "ffm", "fm_3rd"]


@pytest.mark.parametrize(
    ("name", "table_adam"), [*((name, "dense") for name in SPECS), *((name, "deferred") for name in DEFERRED)]
)
def test_every_parameter_has_the_gradient_of_a_model_that_was_never_fitted(name, table_adam):
    model, fresh = trained(SPECS[name], table_adam=table_adam), CTRModel(SPECS[name], ONE_HOT)
    fresh.load_state_dict(model.state_dict())
    ours, plain = gradients(model), gradients(fresh)
    assert all(torch.equal(ours[name], plain[name]) for name in plain)
    assert ours["embedding.weight" if "embedding.weight" in ours else "linear.weight"].abs().sum() > 0


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize("name", ["fm", "autodeepfm", "ffm", "deepfm"])
def test_ones_own_optimizer_trains_it(name, optimizer):
    model = trained(SPECS[name])
    before = {key: value.detach().clone() for key, value in model.named_parameters()}
    own = optimizer(model.parameters(), lr=0.05)
    model.train()
    losses = []
    for _ in range(20):
        own.zero_grad()
        loss = cross_entropy(model(BATCH), BATCH.labels_B)
        loss.backward()
        own.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert all(not torch.equal(before[key], value) for key, value in model.named_parameters())


def test_gradients_of_several_batches_add_up():
    model = trained(SPECS["deepfm_no_norm"])
    once = {name: gradient.clone() for name, gradient in gradients(model).items()}
    cross_entropy(model(BATCH), BATCH.labels_B).backward()
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter.grad, 2 * once[name])


@pytest.mark.parametrize("search", [None, SearchConfig()])
def test_fit_leaves_evaluation_mode_the_weights_it_returns_and_nothing_else(search):
    model = CTRModel(DEEP, SCHEMA, seed=1)
    fitted = fit(model, TRAIN, VALID, SHORT.model_copy(update={"mlp_precision": "bfloat16"}), seed=1, search=search)
    assert not any(module.training for module in model.modules())
    assert model.mlp.training_precision == "float32"
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())
    assert all(torch.equal(fitted.weights[key], value) for key, value in model.state_dict().items())
    assert all(table.gradient_parts is None for table in model.tables)


def test_a_training_that_fails_leaves_an_ordinary_module_too():
    model = CTRModel(SPECS["fm"], ONE_HOT)
    with pytest.raises(UserError, match="learning_rate"):
        fit(model, *ROWS, SHORT.model_copy(update={"learning_rate": 1e30}), seed=0)
    assert all(table.gradient_parts is None for table in model.tables)


def test_a_rung_of_the_ladder_leaves_an_ordinary_module_too():
    model = CTRModel(SPECS["autofm"], ONE_HOT)
    fine_tune(model, ROWS[0], SHORT, epochs=1.5, seed=0)
    assert all(table.gradient_parts is None for table in model.tables)
    assert gradients(model)["embedding.weight"].abs().sum() > 0
