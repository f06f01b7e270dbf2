"""Encoded examples: integer arrays, in memory or memory-mapped, that batches are sliced from.

Shapes: N rows, O one-hot fields (in schema order), Z ids of one multi-hot field over all rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofis_kedro.data.examples_folder import read_arrays
from autofis_kedro.data.schema import Schema
from autofis_kedro.errors import UserError

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
UInt8 = NDArray[np.uint8]

HASHED_ROWS = 1 << 16


@dataclass(frozen=True)
class IdLists:
    """The ids of a multi-hot field: row n holds ``values[offsets[n]:offsets[n + 1]]``, never none.

    Attributes:
        values: int32 [Z] global ids.
        offsets: int64 [N + 1].
    """

    values: Int32
    offsets: Int64


@dataclass(frozen=True)
class Examples:
    """Rows of one split as global ids.

    Attributes:
        one_hot: int32 [N, O] global ids of the one-hot fields in schema order.
        labels: uint8 [N], 0 or 1.
        bags: the multi-hot fields by their position in the schema.
        schema_fingerprint: of the schema that the ids belong to; None where it is not known.
        special: how often the ids missing, unseen and other occur, by field name; empty where nobody counted.
    """

    one_hot: Int32
    labels: UInt8
    bags: Mapping[int, IdLists] = field(default_factory=dict)
    schema_fingerprint: str | None = None
    special: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.labels)

    def __len__(self) -> int:
        return self.n_rows

    @cached_property
    def content(self) -> str:
        """Sixteen hexadecimal digits that change with any id and any label; a pass over all rows, once."""
        digest = hashlib.sha256()
        bags = [self.bags[position] for position in sorted(self.bags)]
        arrays: list[NDArray[Any]] = [self.one_hot, self.labels]
        for array in [*arrays, *(part for lists in bags for part in (lists.offsets, lists.values))]:
            digest.update(f"{array.dtype}{array.shape};".encode())
            for start in range(0, len(array), HASHED_ROWS):
                digest.update(np.ascontiguousarray(array[start : start + HASHED_ROWS]).data)
        return digest.hexdigest()[:16]

    @classmethod
    def open(cls, folder: str | Path, schema: Schema | None = None) -> Examples:
        """Encoded examples on disk, memory-mapped: opened in milliseconds, read as they are used.

        Args:
            schema: if given, the examples must have been encoded with it.

        Raises:
            UserError: the folder is missing, damaged, of another format, or of another schema.
        """
        stored = read_arrays(Path(folder), schema)
        bags = {position: IdLists(values, offsets) for position, (values, offsets) in stored.bags.items()}
        return cls(stored.one_hot, stored.labels, bags, stored.meta.schema_fingerprint, stored.meta.special)

    @classmethod
    def from_arrays(
        cls,
        one_hot: NDArray[np.integer],
        labels: NDArray[np.integer],
        bags: Mapping[int, IdLists] | None = None,
    ) -> Examples:
        """Examples held in memory, for notebooks and tests.

        Raises:
            UserError: a label that is neither 0 nor 1.
        """
        _check_labels(np.asarray(labels), "labels")
        return cls(
            np.ascontiguousarray(one_hot, dtype=np.int32),
            np.asarray(labels, dtype=np.uint8),
            dict(bags or {}),
        )


CHECKED_IDS = 10_000


def check_examples(examples: Examples, schema: Schema, what: str) -> None:
    """Check that examples fit a schema: shapes and labels, and the id ranges on the first and last ids of each field.

    Raises:
        UserError: names the field, the id and its range, or the shape that does not fit.
    """
    if examples.schema_fingerprint not in (None, schema.fingerprint):
        raise UserError(
            f"{what}: encoded with another schema than the one of '{schema.dataset}' in use; run bucketing again"
        )
    one_hot, multi_hot = schema.one_hot_positions, schema.multi_hot_positions
    if examples.one_hot.shape[1:] != (len(one_hot),) or set(examples.bags) != set(multi_hot):
        raise UserError(
            f"{what}: {examples.one_hot.shape[1]} one-hot and {len(examples.bags)} multi-hot fields do not "
            f"fit schema '{schema.dataset}' with {len(one_hot)} and {len(multi_hot)}; run bucketing again"
        )
    n_rows = {len(examples.one_hot), len(examples.labels)} | {len(b.offsets) - 1 for b in examples.bags.values()}
    if len(n_rows) > 1:
        raise UserError(f"{what}: labels and ids have different numbers of rows: {sorted(n_rows)}")
    if n_rows == {0}:
        raise UserError(f"{what}: no rows")
    _check_labels(examples.labels, what)
    for column, position in enumerate(one_hot):
        _check_range(examples.one_hot[:, column], schema, position, what)
    for position, lists in examples.bags.items():
        _check_range(lists.values, schema, position, what)


def _check_labels(labels: NDArray[Any], what: str) -> None:
    """Every label: a one-byte column is looked through in no time."""
    wrong = (labels != 0) & (labels != 1)
    if wrong.any():
        raise UserError(f"{what}: label {labels[wrong.argmax()]} in row {wrong.argmax()}: 0 or 1 are allowed")


def _check_range(ids: Int32, schema: Schema, position: int, what: str) -> None:
    low, high = schema.offsets[position], schema.offsets[position + 1] - 1
    for some in (ids[:CHECKED_IDS], ids[-CHECKED_IDS:]):
        outside = some[(some < low) | (some > high)]
        if len(outside):
            raise UserError(f"{what}: field '{schema.names[position]}': id {outside[0]} outside {low}..{high}")
