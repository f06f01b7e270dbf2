"""The eager models are the same models; the table compares each of ours with its own."""

import copy

import polars as pl
import pytest
import torch
from benchmarks.latency import EAGER, MODELS, measure, summary, table
from benchmarks.latency_eager import Eager
from benchmarks.step_ours import model_and_examples
from benchmarks.step_worker import StepProblem

from autofis_kedro.analysis.online import LatencyConfig
from autofis_kedro.data.batches import take
from tests.rounding import assert_near, moved_by_rounding

SMALL = StepProblem(fields=4, ids=4000, embedding_dim=4, batch_size=50, batches=2)


@pytest.mark.parametrize("name", ["fm", "deepfm_paper"])
@torch.no_grad()
def test_the_eager_model_has_the_same_logits(name):
    model, examples = model_and_examples(StepProblem(model=name, fields=5, ids=5000, embedding_dim=8, batches=1))
    rng = torch.Generator().manual_seed(0)
    for weight in model.parameters():
        weight.copy_(torch.randn(weight.shape, generator=rng) * 0.1)
    for buffer in (b for n, b in model.named_buffers() if n.endswith(("mean_U", "variance_U"))):
        buffer.copy_(torch.rand(buffer.shape, generator=rng) + 2.0)
    batch = take(examples, slice(0, 100))
    ours_B = model.eval()(batch)
    assert ours_B.std() > 0.1
    theirs_B, exact = Eager(model).eval()(batch), Eager(copy.deepcopy(model).double()).eval()
    n_operations = 5 * 8 + (5 * 700 if model.mlp is not None else 0)  # inputs, then the units of five layers
    (exact_B,), (allowed,) = moved_by_rounding(lambda: [exact(batch)], list(exact.parameters()), n_operations, draws=2)
    for found_B in (ours_B, theirs_B):
        assert_near(found_B, exact_B, allowed)


def test_every_model_is_measured_and_in_the_table():
    latencies, _ = measure(SMALL, LatencyConfig(candidates=20, requests=3, warm_up=1))
    assert set(latencies["model"]) == {*MODELS, *EAGER.values()}
    lines = table(summary(latencies, 1) + summary(latencies, 2)).splitlines()
    assert len(lines) == 2 + len(MODELS) + len(EAGER)
    assert {line.count("|") for line in lines} == {8}


def test_a_model_is_compared_request_by_request():
    names = [*MODELS, *EAGER.values()]
    factor = dict(zip(names, (1, 2, 10, 5, 3, 40), strict=True))
    rows = [{"model": name, "milliseconds": m * factor[name]} for name in names for m in (1.0, 2.0, 100.0)]
    found = {row["model"]: row for row in summary(pl.DataFrame(rows), 1)}
    assert [found[name]["eager_times"] for name in MODELS] == [3, 1.5, 4, 8]
    assert found["DeepFM"]["p50_ms"] == 20
