"""A model trained by the compiled loops predicts what the same training in plain torch leads to, for every model."""

from contextlib import nullcontext

import pytest

from autofis_kedro.compiled import plain_torch
from autofis_kedro.models import CTRModel
from autofis_kedro.training import SearchConfig, TrainingConfig
from autofis_kedro.training.evaluate import predict
from autofis_kedro.training.loop import fit
from tests.models.zoo import SPECS
from tests.problems import random_examples, schema_of
from tests.rounding import assert_rounded

CONFIG = TrainingConfig(epochs=3, batch_size=60, patience=9, learning_rate=0.02)
PENALTY = CONFIG.model_copy(update={"l2_embedding": 1e-3, "l2_linear": 1e-4})
ROUNDINGS = 2 * 3 * 5 * 60
"""Of both trainings: in each of three epochs' five steps the gradients of 60 rows are added up."""
LARGE = 4000
"""Ids of a field: more than a batch reads, so that tables without a penalty are updated row by row."""


def predictions(spec, schema, config, who_computes):
    train, valid = (random_examples(schema, rows, seed) for rows, seed in ((300, 0), (100, 1)))
    search = SearchConfig(epochs=3) if spec.weighting == "learned" and spec.normalize else None
    model = CTRModel(spec, schema)
    with who_computes():
        fit(model, train, valid, config, seed=0, search=search)
        return predict(model, valid, config)


@pytest.mark.parametrize("multi_hot", [(), (1,)], ids=["one_hot", "multi_hot"])
@pytest.mark.parametrize("config", [CONFIG, PENALTY], ids=["row_by_row", "penalty"])
@pytest.mark.parametrize("name", SPECS)
def test_predictions_are_those_of_plain_torch(name, config, multi_hot):
    schema = schema_of([LARGE, 6, 40, 7], multi_hot)
    fast, plain = (predictions(SPECS[name], schema, config, who) for who in (nullcontext, plain_torch))
    assert plain.std() > 0.01
    assert_rounded(fast, plain, ROUNDINGS, plain)
