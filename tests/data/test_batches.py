"""Batches: an epoch is exact, seeded and resumable."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autofis_kedro.data import batches as module
from autofis_kedro.data.batches import sequential_batches, shuffled_rows, take, training_batches
from autofis_kedro.data.examples import Examples, IdLists
from autofis_kedro.errors import UserError


def numbered(n_rows: int) -> Examples:
    """Row i holds id i in its one-hot fields, and the i % 3 + 1 ids from i on in its multi-hot field."""
    rows = np.arange(n_rows)
    lengths = rows % 3 + 1
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    values = np.concatenate([np.arange(i, i + k) for i, k in zip(rows, lengths, strict=True)] or [rows])
    bags = {1: IdLists(values.astype(np.int32), offsets)}
    return Examples.from_arrays(np.stack([rows, rows], 1), rows % 2, bags)


def content(batch) -> list[tuple]:
    """The rows of a batch, each checked to be whole."""
    bag = batch.bags[1]
    ends = [*bag.offsets_B[1:].tolist(), len(bag.values_Z)]
    lists = [bag.values_Z[a:b].tolist() for a, b in zip(bag.offsets_B.tolist(), ends, strict=True)]
    rows = batch.one_hot_BO[:, 0].tolist()
    for i, values in zip(rows, lists, strict=True):
        assert values == list(range(i, i + i % 3 + 1))
    assert batch.labels_B.tolist() == [i % 2 for i in rows]
    assert batch.one_hot_BO[:, 1].tolist() == rows
    return rows


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(module, "BLOCK_ROWS", 4)
    monkeypatch.setattr(module, "WINDOW_BLOCKS", 3)


EPOCHS = {
    "n_rows": st.integers(1, 100),
    "size": st.integers(1, 40),
    "seed": st.integers(0, 9),
    "epoch": st.integers(0, 9),
}


@given(**EPOCHS)
def test_every_row_comes_exactly_once_per_epoch(n_rows, size, seed, epoch):
    batches = list(training_batches(numbered(n_rows), size, seed=seed, epoch=epoch))
    assert sorted(i for batch in batches for i in content(batch)) == list(range(n_rows))
    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert 1 <= len(batches[-1]) <= size


@given(**EPOCHS, first=st.integers(0, 50))
def test_resuming_at_batch_k_gives_the_tail(n_rows, size, seed, epoch, first):
    whole = [content(b) for b in training_batches(numbered(n_rows), size, seed=seed, epoch=epoch)]
    tail = training_batches(numbered(n_rows), size, seed=seed, epoch=epoch, first_batch=first)
    assert [content(b) for b in tail] == whole[first:]


@given(n_rows=st.integers(0, 100), size=st.integers(1, 40))
def test_sequential_batches_keep_the_stored_order(n_rows, size):
    rows = [i for batch in sequential_batches(numbered(n_rows), size) for i in content(batch)]
    assert rows == list(range(n_rows))


def order(seed: int, epoch: int) -> list[int]:
    return np.concatenate(list(shuffled_rows(500, seed, epoch))).tolist()


def test_the_order_depends_on_seed_and_epoch_alone():
    assert order(1, 2) == order(1, 2)
    assert len({tuple(order(seed, epoch)) for seed in range(3) for epoch in range(3)}) == 9


def test_rows_move_beyond_their_block():
    """Within an epoch every block of rows is spread: no first batch is a run of neighbours."""
    blocks = {i // 4 for i in order(0, 0)[:12]}
    assert blocks != {0, 1, 2}


def test_a_uniform_permutation_while_the_data_fit_one_window():
    firsts = np.bincount([next(shuffled_rows(10, seed, 0))[0] for seed in range(2000)], minlength=10)
    # 200 expected each, standard deviation 13
    assert firsts.min() > 140
    assert firsts.max() < 260


def test_taken_rows_are_copies():
    examples = numbered(10)
    for rows in (np.arange(3), slice(0, 3)):
        batch = take(examples, rows)
        batch.one_hot_BO.fill_(7)
        batch.bags[1].values_Z.fill_(7)
    assert content(take(examples, slice(0, 10))) == list(range(10))


def test_types_are_those_that_the_model_takes():
    batch = take(numbered(5), np.array([4, 1]))
    assert (batch.one_hot_BO.dtype, batch.labels_B.dtype) == (torch.int32, torch.float32)
    assert (batch.bags[1].values_Z.dtype, batch.bags[1].offsets_B.dtype) == (torch.int32, torch.int64)
    assert batch.to(torch.device("cpu")) is batch


@pytest.mark.parametrize(
    "make", [lambda e: training_batches(e, 0, seed=0, epoch=0), lambda e: sequential_batches(e, -1)]
)
def test_a_batch_holds_a_row_at_least(make):
    with pytest.raises(UserError, match=r"batch_size .* is not allowed"):
        next(make(numbered(3)))
