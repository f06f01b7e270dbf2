"""What the test reads of the examples: every field's values numbered from 0, and the labels.

Shapes: N rows, F fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from autofis_kedro.data.examples import Examples, check_examples
from autofis_kedro.data.joint_values import blocks
from autofis_kedro.data.schema import Schema
from autofis_kedro.errors import UserError

Int32 = NDArray[np.int32]
Float = NDArray[np.float64]

BLOCK_ROWS = 1 << 20


@dataclass(frozen=True)
class Columns:
    """Rows as the test sees them.

    Attributes:
        values_F: int32 [N] for each field: 0 .. size - 1, every number there at least once.
        sizes: how many values each field has in these rows.
        labels_N: 0.0 or 1.0.
        names: of the fields.
        firsts: the first row of each value, [size] for each field: where its name is to be found.
        rows_N: which of the examples' rows these are, ascending; None where they are all.
    """

    values_F: tuple[Int32, ...]
    sizes: tuple[int, ...]
    labels_N: Float
    names: tuple[str, ...]
    firsts: tuple[NDArray[np.int64], ...]
    rows_N: NDArray[np.int64] | None = None

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.labels_N)

    @property
    def n_fields(self) -> int:
        """Number of fields."""
        return len(self.values_F)

    @classmethod
    def of_arrays(cls, values_NF: NDArray[np.integer], labels_N: NDArray[np.integer], names: Sequence[str]) -> Columns:
        """Rows out of integer arrays, for notebooks and tests; any numbers serve as values."""
        return cls._made(list(np.asarray(values_NF).T), np.asarray(labels_N, dtype=np.float64), names)

    @classmethod
    def _made(
        cls,
        fields: Iterable[NDArray[np.integer]],
        labels_N: Float,
        names: Sequence[str],
        rows_N: NDArray[np.int64] | None = None,
    ) -> Columns:
        numbered = [_numbered(values_N) for values_N in fields]
        values, sizes = tuple(v for v, _ in numbered), tuple(size for _, size in numbered)
        firsts = tuple(_first_rows(v, size) for v, size in numbered)
        return cls(values, sizes, labels_N, tuple(names), firsts, rows_N)

    def part(self, is_in_N: NDArray[np.bool_]) -> Columns:
        """Some of the rows, with the same numbers for the same values; some values may then be in no row."""
        values = tuple(values_N[is_in_N] for values_N in self.values_F)
        rows = np.flatnonzero(is_in_N) if self.rows_N is None else self.rows_N[is_in_N]
        return replace(self, values_F=values, labels_N=self.labels_N[is_in_N], rows_N=rows)


def read_columns(examples: Examples, schema: Schema, max_rows: int, seed: int = 0) -> Columns:
    """At most ``max_rows`` rows of the examples, drawn uniformly where there are more.

    A multi-hot cell's whole set of values counts as one value, as in statistics_AUC.

    Raises:
        UserError: examples of another schema, or labels of one kind only.
    """
    check_examples(examples, schema, "train examples")
    chosen = None
    if examples.n_rows > max_rows:
        drawn = np.random.default_rng(seed).choice(examples.n_rows, size=max_rows, replace=False, shuffle=False)
        chosen = np.sort(drawn)
    labels_N = np.asarray(examples.labels if chosen is None else examples.labels[chosen], dtype=np.float64)
    if not 0 < labels_N.sum() < len(labels_N):
        raise UserError(f"evidence needs rows of both labels; all {len(labels_N)} have the label {labels_N[0]:.0f}")
    fields = (_field(examples, schema, position, chosen) for position in range(schema.n_fields))
    return Columns._made(fields, labels_N, schema.names, chosen)


def _field(examples: Examples, schema: Schema, position: int, chosen: NDArray[np.int64] | None) -> NDArray[np.integer]:
    if position not in schema.multi_hot_positions:
        column = schema.one_hot_positions.index(position)
        ids = examples.one_hot[:, column]
        return np.asarray(ids if chosen is None else ids[chosen])
    parts = [block.value_FN[position] for block in blocks(examples, schema, (position,), BLOCK_ROWS)]
    sets = np.concatenate(parts)
    return sets if chosen is None else sets[chosen]


def _numbered(values_N: NDArray[np.integer]) -> tuple[Int32, int]:
    """The same values as 0, 1, ... in their order, and how many there are."""
    low, high = int(values_N.min()), int(values_N.max())
    if high - low < 4 * len(values_N) + 1024:  # ids lie close together: count instead of sorting
        offset_N = values_N.astype(np.int64) - low
        is_there = np.zeros(high - low + 1, dtype=np.int32)
        is_there[offset_N] = 1
        number = np.cumsum(is_there, dtype=np.int32) - 1
        return number[offset_N].astype(np.int32), int(number[-1]) + 1
    distinct, inverse = np.unique(values_N, return_inverse=True)
    return inverse.astype(np.int32), len(distinct)


def _first_rows(values_N: Int32, size: int) -> NDArray[np.int64]:
    """The first row of each value."""
    first = np.empty(size, dtype=np.int64)
    first[values_N[::-1]] = np.arange(len(values_N) - 1, -1, -1)
    return first
