"""Examples in the memory of a device give the same batches, and trainings the same weights."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autofis_kedro.data import resident as module
from autofis_kedro.data.batches import sequential_batches, take, training_batches
from autofis_kedro.data.resident import ResidentExamples, resident, resident_if_it_fits
from autofis_kedro.models import CTRModel
from autofis_kedro.training.fine_tune import fine_tune
from autofis_kedro.training.loop import fit
from tests.problems import random_examples, schema_of
from tests.training.small import CONFIG, DEEP

CPU, META = torch.device("cpu"), torch.device("meta")
SCHEMA = schema_of([9, 8, 7, 6])
TRAIN, VALID = random_examples(SCHEMA, 900, 0), random_examples(SCHEMA, 300, 1)


def same(one, other):
    tensors = [(batch.one_hot_BO, batch.labels_B) for batch in (one, other)]
    return all(a.equal(b) and a.dtype == b.dtype for a, b in zip(*tensors, strict=True))


@given(st.integers(1, 60), st.integers(1, 70), st.integers(1, 25))
def test_batches_are_those_of_the_examples(n_rows, size, chunk):
    examples = random_examples(SCHEMA, n_rows, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK_ROWS", chunk)
        there = resident(examples, CPU)
    for batches in (
        lambda rows: sequential_batches(rows, size),
        lambda rows: training_batches(rows, size, seed=3, epoch=1, first_batch=1),
    ):
        assert all(same(*both) for both in zip(batches(there), batches(examples), strict=True))


def test_a_batch_is_nobody_elses():
    there = resident(VALID, CPU)
    take(there, slice(0, 5)).one_hot_BO.zero_()
    take(there, np.arange(5)).one_hot_BO.zero_()
    assert same(take(there, slice(0, 5)), take(VALID, slice(0, 5)))


def test_batches_are_where_the_examples_are():
    batch = take(resident(VALID, META), np.arange(5))
    assert {batch.one_hot_BO.device, batch.labels_B.device} == {META}


@pytest.mark.parametrize(("free", "is_there"), [(None, False), (1000 + 30_598, False), (1000 + 30_600, True)])
def test_half_of_what_training_leaves_is_for_the_rows(free, is_there, monkeypatch):
    monkeypatch.setattr(module, "free_bytes", lambda device: free)
    assert TRAIN.one_hot.nbytes + TRAIN.labels.nbytes == 15_300
    assert isinstance(resident_if_it_fits(TRAIN, CPU, needed=1000), ResidentExamples) == is_there


def test_the_computers_own_memory_holds_no_second_copy():
    assert resident_if_it_fits(TRAIN, CPU, needed=0) is TRAIN


def test_multi_hot_fields_stay_where_they_are(monkeypatch):
    monkeypatch.setattr(module, "free_bytes", lambda device: 1 << 40)
    examples = random_examples(schema_of([9, 8], multi_hot=(1,)), 50, 0)
    assert resident_if_it_fits(examples, CPU, needed=0) is examples


def trained(how):
    model = CTRModel(DEEP, SCHEMA)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        how(model)
    return model.state_dict()


@pytest.mark.parametrize(
    "how",
    [
        lambda model: fit(model, TRAIN, VALID, CONFIG, seed=1),
        lambda model: fine_tune(model, TRAIN, CONFIG, epochs=0.7, seed=1),
    ],
    ids=["fit", "fine_tune"],
)
def test_training_is_the_same_to_the_bit(how, monkeypatch):
    expected, asked = trained(how), []
    monkeypatch.setattr(module, "free_bytes", lambda device: asked.append(device) or 1 << 40)
    found = trained(how)
    assert asked
    assert all(tensor.equal(expected[name]) for name, tensor in found.items())
