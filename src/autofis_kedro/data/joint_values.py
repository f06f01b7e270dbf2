"""The joint values of a combination of fields as numbers, and how many rows and clicks each has.

Shapes: N rows of a block, F fields, V distinct joint values of one combination.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema

UInt64 = NDArray[np.uint64]
Counts = NDArray[np.int64]


@dataclass
class JointCounts:
    """Rows and clicks of every joint value seen so far, by the lower 63 bits of its number.

    Blocks are merged when those that wait are as large as what is merged: a value is sorted as often as the number of
    rows doubles.
    """

    key_V: UInt64 = field(default_factory=lambda: np.empty(0, np.uint64))
    counts_V2: Counts = field(default_factory=lambda: np.empty((0, 2), np.int64))
    _waiting: list[tuple[UInt64, Counts]] = field(default_factory=list)

    def add(self, key_N: UInt64, labels_N: NDArray[np.uint8]) -> None:
        """Count a block."""
        # Keys with the label as lowest bit, sorted: three times as fast as np.unique, which sorts places, not keys.
        sorted_N = np.sort((key_N << np.uint64(1)) | labels_N)
        keys = sorted_N >> np.uint64(1)
        starts = _starts(keys)
        bounds = np.append(starts, len(keys))
        clicks = np.cumsum(sorted_N & np.uint64(1), dtype=np.int64)[bounds[1:] - 1]
        counts = np.stack([np.diff(bounds), np.diff(clicks, prepend=0)], axis=1)
        self._waiting.append((keys[starts], counts))
        if sum(len(keys) for keys, _ in self._waiting) >= len(self.key_V):
            self.merge()

    def merge(self) -> JointCounts:
        """Add up what waits; keys ascend."""
        if self._waiting:
            parts = [part for part in ((self.key_V, self.counts_V2), *self._waiting) if len(part[0])]
            self._waiting = []
            if len(parts) > 1:
                keys, counts = np.concatenate([k for k, _ in parts]), np.concatenate([c for _, c in parts])
                order = np.argsort(keys, kind="stable")  # merges runs that ascend
                keys = keys[order]
                starts = _starts(keys)
                parts = [(keys[starts], np.add.reduceat(counts[order], starts, axis=0))]
            self.key_V, self.counts_V2 = parts[0]
        return self


def _starts(sorted_V: UInt64) -> Counts:
    """Where each distinct value begins."""
    return np.flatnonzero(np.append(True, sorted_V[1:] != sorted_V[:-1])).astype(np.int64)


@dataclass(frozen=True)
class Block:
    """Consecutive rows: a number for each field's value, and the labels."""

    value_FN: dict[int, UInt64]
    labels_N: NDArray[np.uint8]

    def keys(self, fields: Sequence[int]) -> UInt64:
        """The joint value of the fields, one number per row."""
        key_N = np.zeros(len(self.labels_N), dtype=np.uint64)
        for position in fields:
            key_N = _mixed(key_N * np.uint64(0x9E3779B97F4A7C15) + self.value_FN[position])
        return key_N


def blocks(examples: Examples, schema: Schema, fields: Sequence[int], block_rows: int) -> Iterator[Block]:
    """All rows, ``block_rows`` at a time, with the values of the named fields."""
    for start in range(0, examples.n_rows, block_rows):
        rows = slice(start, min(start + block_rows, examples.n_rows))
        values = {position: _values(examples, schema, position, rows) for position in fields}
        yield Block(values, np.asarray(examples.labels[rows]))


def _values(examples: Examples, schema: Schema, position: int, rows: slice) -> UInt64:
    """A number for each row's value of a field: its id, or a hash of a multi-hot cell's set of ids."""
    if position in schema.multi_hot_positions:
        lists = examples.bags[position]
        first, last = np.asarray(lists.offsets[rows]), np.asarray(lists.offsets[rows.start + 1 : rows.stop + 1])
        hashes = _mixed(np.asarray(lists.values[first[0] : last[-1]]).astype(np.uint64))
        sums: UInt64 = np.concatenate([np.zeros(1, np.uint64), np.cumsum(hashes, dtype=np.uint64)])
        total: UInt64 = sums[last - first[0]] - sums[first - first[0]]  # modulo 2**64: of a set, in whatever order
        return total
    column = schema.one_hot_positions.index(position)
    return np.asarray(examples.one_hot[rows, column]).astype(np.uint64)


def _mixed(z: UInt64) -> UInt64:
    """splitmix64's finaliser: two different joint values share 63 bits with probability 2**-63."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: UInt64 = z ^ (z >> np.uint64(31))
    return mixed
