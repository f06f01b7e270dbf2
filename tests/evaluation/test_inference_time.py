"""Inference is timed for every model alike."""

import time

import pytest
import torch

from autofis_kedro.evaluation.inference_time import InferenceConfig, time_inference
from autofis_kedro.models import ModelSpec, predictor
from autofis_kedro.selection import keep_all
from autofis_kedro.training import TrainingConfig, predict_seeds
from autofis_kedro.training.scorers import scorer_of, slices, trained, whole_batches
from autofis_kedro.training.seeds import build
from tests.problems import random_examples, schema_of

CPU = torch.device("cpu")


def test_a_model_that_sleeps_twice_as_long_takes_twice_as_long():
    config = InferenceConfig(rounds=3, batches=4, rows=2000, batch_size=100)
    found = time_inference({"one": lambda _: time.sleep(0.004), "two": lambda _: time.sleep(0.008)}, 100, CPU, config)
    assert found.seconds["one"] >= 20 * 0.004, "20 batches of 100 rows"
    assert found.seconds["two"] / found.seconds["one"] == pytest.approx(2, rel=0.3)


def test_every_model_scores_the_same_batches_in_turn():
    asked = {"a": [], "b": []}
    config = InferenceConfig(rounds=2, batches=3)
    time_inference({name: asked[name].append for name in asked}, 2000, CPU, config)
    assert asked["a"] == asked["b"] == list(range(9))


def test_a_timed_model_scores_what_prediction_does():
    schema = schema_of([5, 4, 6])
    train = random_examples(schema, 250, seed=0)
    spec, selection = ModelSpec(embedding_dim=3, normalize=True, weighting="learned"), keep_all(schema)
    weights = {f"seed_4/{k}": v for k, v in build(spec, schema, selection, seed=4).state_dict().items()}
    config = InferenceConfig(batch_size=100)
    batches = whole_batches(train, config, CPU)
    assert {len(batch) for batch in batches} == {100}
    score = scorer_of(predictor(trained(weights, spec, schema, selection, CPU)), batches)
    with torch.no_grad():
        first = torch.sigmoid(score(len(batches)))  # again from the first
    expected = predict_seeds(weights, train, schema, selection, spec, TrainingConfig())["seed_4"][:100]
    assert torch.equal(first, torch.from_numpy(expected.to_numpy().copy()))


def test_few_rows_are_one_smaller_batch():
    train = random_examples(schema_of([5, 4]), 250, seed=0)
    assert [len(batch) for batch in whole_batches(train, InferenceConfig(batch_size=10**6), CPU)] == [train.n_rows]


def test_slices_are_the_rows_of_each_batch():
    matrix = torch.arange(20).reshape(10, 2).numpy()
    parts = slices(matrix, 3, 3)
    assert [part[0, 0] for part in parts] == [0, 6, 12]


def test_what_comes_before_a_batch_may_be_had_for_fewer_batches():
    followed = []
    batches = whole_batches(random_examples(schema_of([5, 4]), 250, seed=0), InferenceConfig(batch_size=50), CPU)
    score = scorer_of(lambda batch: batch.labels_B, batches, [lambda n=n: followed.append(n) for n in range(2)])
    for number in range(7):
        score(number)
    assert followed == [0, 1, 0, 1, 0, 0, 1]
