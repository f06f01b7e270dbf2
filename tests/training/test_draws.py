"""Draws of a random selection: each is the model that a single training over it gives."""

import pytest
import torch
from polars.testing import assert_series_equal

from autofis_kedro.models import ModelSpec
from autofis_kedro.selection import random_selection
from autofis_kedro.training import TrainingConfig, predict_seeds, train_seeds
from autofis_kedro.training.draws import predict_draws, train_draws
from tests.problems import planted_problem

SPEC, TRAINING = ModelSpec(embedding_dim=2), TrainingConfig(epochs=2, batch_size=200, learning_rate=0.01)


@pytest.fixture(scope="module")
def problem():
    return planted_problem(1, n_fields=4, n_values=5, n_rows=2000, planted=((0, 1),))


def test_a_draw_is_a_training_over_its_selection(problem):
    schema, train, valid = problem
    selections = [random_selection(schema, 2, seed) for seed in (5, 6, 7)]
    drawn = train_draws(train, valid, schema, selections, SPEC, TRAINING, seed=5)
    predicted = predict_draws(drawn.weights, valid, schema, selections, SPEC, TRAINING)
    assert predicted.columns == ["label", "seed_0", "seed_1", "seed_2"]
    assert drawn.history["seed"].unique().sort().to_list() == [0, 1, 2]
    for number, selection in enumerate(selections):
        alone = train_seeds(train, valid, schema, selection, SPEC, TRAINING, n_seeds=1, seed=5 + number)
        for key, tensor in alone.weights.items():
            assert torch.equal(tensor, drawn.weights[key.replace(f"seed_{5 + number}", f"seed_{number}")])
        expected = predict_seeds(alone.weights, valid, schema, selection, SPEC, TRAINING)
        assert_series_equal(predicted[f"seed_{number}"], expected[:, 1], check_names=False)
    assert drawn.cost["parameters"] == alone.cost["parameters"]
