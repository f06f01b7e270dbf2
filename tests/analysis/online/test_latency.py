"""Every model is timed on every request."""

import polars as pl
import pytest
import torch

from autofis_kedro.analysis.online import LatencyConfig, measure_latency
from autofis_kedro.models import MLPSpec, ModelSpec, predictor
from autofis_kedro.selection import keep_all
from autofis_kedro.training.seeds import build
from tests.training.small import DEEP, SCHEMA, VALID

SMALL = ModelSpec(embedding_dim=2)
LARGE = ModelSpec(embedding_dim=8, mlp=MLPSpec(hidden=(2048, 2048)))


def models(**specs):
    return {name: build(spec, SCHEMA, keep_all(SCHEMA), seed=0) for name, spec in specs.items()}


def scorers(models):
    return {name: predictor(model) for name, model in models.items()}


@pytest.fixture(scope="module")
def latencies():
    given = models(small=SMALL, deep=DEEP, large=LARGE)
    return measure_latency(scorers(given), VALID, LatencyConfig(candidates=400, requests=30, warm_up=3))


def test_every_model_has_every_request(latencies):
    assert latencies.group_by("model").len().sort("model").rows() == [("deep", 30), ("large", 30), ("small", 30)]
    assert (latencies.group_by("request").len()["len"] == 3).all()
    assert (latencies["milliseconds"] > 0).all()
    assert set(latencies["threads"]) == {torch.get_num_threads()}
    assert set(latencies["candidates"]) == {400}, "more than there are rows"


def test_a_larger_model_takes_longer(latencies):
    medians = dict(latencies.group_by("model").agg(pl.col("milliseconds").median()).rows())
    assert medians["large"] > 3 * medians["small"]


def test_measuring_changes_no_weight():
    given = models(deep=DEEP)
    before = {name: tensor.clone() for name, tensor in given["deep"].state_dict().items()}
    measure_latency(scorers(given), VALID, LatencyConfig(candidates=5, requests=2, warm_up=0))
    assert all(torch.equal(tensor, before[name]) for name, tensor in given["deep"].state_dict().items())
