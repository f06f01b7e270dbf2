"""The loop: best weights are kept, tables and precisions train alike, mistakes are named."""

import numpy as np
import pytest
import torch

from autofis_kedro.errors import UserError
from autofis_kedro.evaluation.metrics import score
from autofis_kedro.models import CTRModel, MLPSpec, ModelSpec
from autofis_kedro.selection import keep_all
from autofis_kedro.training import (
    TrainingConfig,
    fit,
    train_seeds,
)
from autofis_kedro.training.evaluate import predict
from autofis_kedro.training.run import is_boundary
from autofis_kedro.training.tables import is_deferred
from tests.problems import schema_of
from tests.rounding import bound, unit
from tests.training.small import CONFIG, DEEP, SCHEMA, TRAIN, VALID


def test_deferred_tables_train_as_dense_ones_and_lazy_ones_do_not():
    def train(table_adam, n_operations=0):
        config = TrainingConfig(epochs=3, batch_size=64, patience=9, learning_rate=0.01, table_adam=table_adam)
        model = CTRModel(ModelSpec(embedding_dim=4), SCHEMA, seed=1)
        with torch.no_grad():
            for weight in model.parameters():
                weight.mul_(1 + n_operations * unit() * torch.randn_like(weight).sign())
        return fit(model, TRAIN, VALID, config, seed=1).weights["embedding.weight"]

    torch.manual_seed(0)
    dense, deferred, lazy = (train(kind) for kind in ("dense", "deferred", "lazy"))
    # as a training whose weights begin off by the roundings of a batch's gradient, and of a step's averages
    rounded = (train("dense", 64 + 3 * 45) - dense).norm()
    moved = (dense - CTRModel(ModelSpec(embedding_dim=4), SCHEMA, seed=1).embedding.weight).abs().max()
    assert (deferred - dense).norm() <= rounded
    assert rounded < 1e-2 * (lazy - dense).norm()
    assert (lazy - dense).abs().max() > 1e-2 * moved


def test_bfloat16_rounds_in_training_and_leaves_weights_and_evaluation_as_they_are(monkeypatch):
    monkeypatch.setattr("autofis_kedro.compiled.processor.has_bfloat16", lambda: True)

    def train(precision):
        config = CONFIG.model_copy(update={"mlp_precision": precision})
        model = CTRModel(DEEP, SCHEMA, seed=1)
        return model, fit(model, TRAIN, VALID, config, seed=1)

    (_, plain), (model, rounded) = train("float32"), train("bfloat16")
    assert all(tensor.dtype != torch.bfloat16 for tensor in rounded.weights.values())
    assert rounded.history[0].train_loss != plain.history[0].train_loss
    assert rounded.history[0].train_loss == pytest.approx(
        plain.history[0].train_loss,
        rel=bound(4, 1.0, torch.bfloat16),  # factors, product, activation and gradient are rounded to 8 bits
    )
    before = predict(model, VALID, CONFIG)
    model.mlp.training_precision = "float32"
    np.testing.assert_array_equal(predict(model, VALID, CONFIG), before)


def test_tables_are_deferred_where_a_batch_reads_few_of_their_rows():
    model = CTRModel(ModelSpec(embedding_dim=4), SCHEMA)
    for batch_size, l2, expected in ((2, 0.0, True), (64, 0.0, False), (2, 1e-6, False)):
        config = TrainingConfig(batch_size=batch_size, l2_embedding=l2)
        assert is_deferred(model.embedding, model, config, l2) == expected


def test_a_penalty_that_deferred_tables_cannot_have_is_named():
    config = CONFIG.model_copy(update={"table_adam": "deferred"})
    with pytest.raises(UserError, match=r"table_adam 'deferred' .* set l2_embedding"):
        fit(CTRModel(DEEP, SCHEMA), TRAIN, VALID, config, seed=0)


def test_the_best_weights_on_validation_are_kept():
    model = CTRModel(ModelSpec(embedding_dim=4), SCHEMA, seed=0)
    fitted = fit(model, TRAIN, VALID, TrainingConfig(epochs=8, batch_size=32, learning_rate=0.05, patience=3), seed=0)
    best = min(record.valid_log_loss for record in fitted.history)
    assert fitted.history[-1].valid_log_loss > best, "random labels must over-fit here, else this tests nothing"
    assert score(VALID.labels, predict(model, VALID, CONFIG)).log_loss == best


def test_a_diverging_training_is_named():
    config = TrainingConfig(epochs=3, batch_size=64, learning_rate=100)
    with pytest.raises(UserError, match=r"lower learning_rate"):
        fit(CTRModel(ModelSpec(embedding_dim=4), SCHEMA), TRAIN, VALID, config, seed=0)


def test_examples_of_another_schema_are_named():
    with pytest.raises(UserError, match="train examples"):
        fit(CTRModel(ModelSpec(embedding_dim=2), schema_of([3, 3])), TRAIN, VALID, CONFIG, seed=0)


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("parts", [1, 2, 5])
def test_an_epoch_has_its_parts_even_if_it_has_few_steps(steps, parts):
    found = [step for step in range(1, 2 * steps + 1) if is_boundary(step, steps, parts)]
    assert len(found) == 2 * min(parts, steps)
    assert {steps, 2 * steps} <= set(found)


def test_the_shuffle_and_seed_decide_everything():
    def weights(seed):
        model = CTRModel(DEEP, SCHEMA, seed=seed)
        return fit(model, TRAIN, VALID, CONFIG.model_copy(update={"epochs": 1}), seed=seed).weights

    assert all(torch.equal(a, b) for a, b in zip(weights(1).values(), weights(1).values(), strict=True))
    assert not np.allclose(weights(1)["linear.weight"], weights(2)["linear.weight"])


@pytest.mark.parametrize(
    "spec",
    [
        ModelSpec(embedding_dim=4, weighting="learned"),
        ModelSpec(embedding_dim=4, linear=False, feeds="mlp", mlp=MLPSpec(hidden=(8,))),
    ],
    ids=["fwfm", "ipnn"],
)
def test_keep_all_and_its_own_selection_train_the_same_model(spec):
    everything = keep_all(SCHEMA)
    config = CONFIG.model_copy(update={"epochs": 1})
    by_selection = train_seeds(TRAIN, VALID, SCHEMA, everything, spec, config, n_seeds=1, seed=0).weights
    plain = fit(CTRModel(spec, SCHEMA, seed=0), TRAIN, VALID, config, seed=0).weights
    assert all(torch.equal(by_selection[f"seed_0/{key}"], plain[key]) for key in plain)
