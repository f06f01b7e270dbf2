"""Batches as slices of a seeded shuffle.

Shapes: B rows of a batch, O one-hot fields, Z ids of one multi-hot field in the batch, or of all
fields.

The shuffle works on blocks: the order of the blocks and the order inside a window of blocks are drawn from
(seed, epoch), so that a memory-mapped file is read in long runs and any position can be re-entered at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from autofis_kedro.data.examples import Examples, IdLists, UInt8
from autofis_kedro.errors import UserError

BLOCK_ROWS = 4_096
WINDOW_BLOCKS = 256


class Rows(Protocol):
    """Whatever ``take`` makes batches of: ``Examples``, or ``ResidentExamples``."""

    @property
    def n_rows(self) -> int:
        """Number of rows."""

    @property
    def labels(self) -> UInt8:
        """0 or 1: [N]."""


@dataclass(frozen=True)
class Bag:
    """One multi-hot field in a batch.

    Attributes:
        values_Z: int32 global ids.
        offsets_B: int64 start of each row in ``values_Z``.
    """

    values_Z: Tensor
    offsets_B: Tensor


@dataclass(frozen=True)
class Batch:
    """Rows as tensors.

    Attributes:
        one_hot_BO: int32 global ids of the one-hot fields, schema order.
        labels_B: float32, 0 or 1.
        bags: multi-hot fields by position in the schema.
    """

    one_hot_BO: Tensor
    labels_B: Tensor
    bags: Mapping[int, Bag]

    def __len__(self) -> int:
        return len(self.labels_B)

    @property
    def ids_Z(self) -> Tensor:
        """Every id that the rows read: the one-hot fields row by row, then each multi-hot field."""
        one_hot_Z = self.one_hot_BO.reshape(-1)
        values = [self.bags[position].values_Z for position in sorted(self.bags)]
        return torch.cat([one_hot_Z, *values]) if values else one_hot_Z

    def to(self, device: torch.device) -> Batch:
        """The same rows on a device."""
        if device.type == self.labels_B.device.type:
            return self
        bags = {i: Bag(bag.values_Z.to(device), bag.offsets_B.to(device)) for i, bag in self.bags.items()}
        return Batch(self.one_hot_BO.to(device), self.labels_B.to(device), bags)


def shuffled_rows(n_rows: int, seed: int, epoch: int) -> Iterator[NDArray[np.int64]]:
    """Row numbers 0..n_rows - 1, each exactly once, in windows of a seeded block shuffle.

    A window is ``WINDOW_BLOCKS`` randomly chosen blocks whose rows are permuted together: up to
    ``BLOCK_ROWS * WINDOW_BLOCKS`` rows (about a million) the permutation is uniform. Equal (seed, epoch) give
    equal orders.
    """
    rng = np.random.default_rng([seed, epoch])
    blocks = rng.permutation(-(-n_rows // BLOCK_ROWS))
    for start in range(0, len(blocks), WINDOW_BLOCKS):
        window = blocks[start : start + WINDOW_BLOCKS]
        rows = (window[:, None] * BLOCK_ROWS + np.arange(BLOCK_ROWS)).ravel()
        yield rng.permutation(rows[rows < n_rows])


def training_batches(
    examples: Rows, batch_size: int, *, seed: int, epoch: int, first_batch: int = 0
) -> Iterator[Batch]:
    """One epoch in shuffled order, every row once, the last batch possibly smaller.

    Args:
        first_batch: skip this many batches without reading them; resumes an interrupted epoch.

    Raises:
        UserError: a batch size below 1.
    """
    check_batch_size(batch_size)
    rest = np.empty(0, dtype=np.int64)
    number = 0
    for window in shuffled_rows(examples.n_rows, seed, epoch):
        rows = np.concatenate([rest, window])
        whole = len(rows) // batch_size * batch_size
        for start in range(0, whole, batch_size):
            if number >= first_batch:
                yield take(examples, rows[start : start + batch_size])
            number += 1
        rest = rows[whole:]
    if len(rest) and number >= first_batch:
        yield take(examples, rest)


def sequential_batches(examples: Rows, batch_size: int) -> Iterator[Batch]:
    """All rows in stored order.

    Raises:
        UserError: a batch size below 1.
    """
    check_batch_size(batch_size)
    for start in range(0, examples.n_rows, batch_size):
        yield take(examples, slice(start, start + batch_size))


def check_batch_size(batch_size: int) -> None:
    """Check that batches hold rows.

    Raises:
        UserError: they do not.
    """
    if batch_size < 1:
        raise UserError(f"batch_size {batch_size} is not allowed: a batch holds 1 row or more")


@singledispatch
def take(examples: Any, rows: NDArray[np.int64] | slice) -> Batch:
    """The given rows as a batch, where the examples are."""
    raise TypeError(f"no rows of {type(examples)}")


@take.register
def _(examples: Examples, rows: NDArray[np.int64] | slice) -> Batch:
    one_hot = torch.from_numpy(_copy(examples.one_hot, rows))
    labels = torch.from_numpy(_copy(examples.labels, rows).astype(np.float32))
    return Batch(one_hot, labels, {i: _take_lists(lists, rows) for i, lists in examples.bags.items()})


def _copy(array: NDArray[Any], rows: NDArray[np.int64] | slice) -> NDArray[Any]:
    """The rows out of the read-only memory map, which torch must not alias."""
    # take is twice as fast as indexing with an array
    return array[rows].copy() if isinstance(rows, slice) else array.take(rows, axis=0)


def _take_lists(lists: IdLists, rows: NDArray[np.int64] | slice) -> Bag:
    first, last = _copy(lists.offsets[:-1], rows), _copy(lists.offsets[1:], rows)
    lengths = last - first
    starts = np.cumsum(lengths) - lengths
    places = np.repeat(first - starts, lengths) + np.arange(lengths.sum())
    return Bag(torch.from_numpy(lists.values.take(places)), torch.from_numpy(starts))
