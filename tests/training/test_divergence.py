"""A rate at which nothing is learned ends the training with an error that names it; noise does not."""

import logging

import numpy as np
import pytest

from autofis_kedro.data.examples import Examples
from autofis_kedro.errors import UserError
from autofis_kedro.models import CTRModel, ModelSpec
from autofis_kedro.models.spec import MLPSpec
from autofis_kedro.selection import keep_all
from autofis_kedro.training import SearchConfig, TrainingConfig, fit, search_gates, train_seeds
from tests.problems import planted_problem

SCHEMA, TRAIN, VALID = planted_problem(0, n_fields=4, n_values=8, n_rows=2000, planted=((0, 1),))
SPECS = {
    "lr": ModelSpec(embedding_dim=1, order=1),
    "fm": ModelSpec(embedding_dim=4),
    "deepfm": ModelSpec(embedding_dim=4, mlp=MLPSpec(hidden=(8,))),
    "gated": ModelSpec(embedding_dim=4, normalize=True, weighting="learned"),
}


def train(spec, rate, train=TRAIN, valid=VALID, **options):
    config = TrainingConfig(epochs=2, batch_size=100, learning_rate=rate, device="cpu", **options)
    return fit(CTRModel(spec, SCHEMA, seed=0), train, valid, config, seed=0, name="model")


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("rate", [30.0, 100.0])
def test_a_rate_that_diverges_is_named(name, rate):
    with pytest.raises(UserError, match=rf"diverge.*lower learning_rate \({rate:g}\), linear_rate_factor \(1\)"):
        train(SPECS[name], rate)


@pytest.mark.parametrize("name", SPECS)
def test_what_learns_does_not_diverge(name):
    assert train(SPECS[name], 0.01).history[-1].valid_log_loss < 0.7


def test_noise_is_no_divergence():
    rng = np.random.default_rng(0)
    noise = [Examples.from_arrays(rows.one_hot, rng.integers(0, 2, rows.n_rows)) for rows in (TRAIN, VALID)]
    for rate in (0.001, 0.1):
        train(SPECS["fm"], rate, *noise)


def test_a_loss_that_is_no_number_stops_at_once():
    model = CTRModel(SPECS["fm"], SCHEMA, seed=0)
    model.bias.data.fill_(float("nan"))
    config = TrainingConfig(epochs=2, batch_size=100, l2_embedding=0.5, device="cpu")
    with pytest.raises(UserError, match=r"loss is nan at step 0: .*learning_rate \(0.001\).*l2_embedding \(0.5\)"):
        fit(model, TRAIN, VALID, config, seed=0)


def test_a_search_that_diverges_names_the_rate_of_its_gates():
    training = TrainingConfig(batch_size=100, learning_rate=100, device="cpu")
    with pytest.raises(UserError, match=r"gate_learning_rate \(1\)"):
        search_gates(TRAIN, VALID, SCHEMA, SPECS["fm"], training, SearchConfig(), seed=0)


def test_a_batch_larger_than_the_rows_is_all_of_them(caplog):
    training = TrainingConfig(epochs=1, batch_size=100_000_000, device="cpu")
    given = (TRAIN, VALID, SCHEMA, keep_all(SCHEMA), SPECS["fm"])
    with caplog.at_level(logging.WARNING):
        large = train_seeds(*given, training, n_seeds=1, seed=0, name="fm")
    assert "batch_size 100000000 is more than the 1600 train rows: all in one" in caplog.text
    exact = train_seeds(*given, training.model_copy(update={"batch_size": 1600}), n_seeds=1, seed=0)
    assert all((large.weights[name] == tensor).all() for name, tensor in exact.weights.items())
