"""What the encoded data look like: fields, their sizes, and the global id space.

Every field owns a contiguous range of the global id space. The first three local ids of a field mean
the same in each: a missing value, a value never seen in the train rows, and all rare values together.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from itertools import combinations
from math import comb
from typing import Literal

from pydantic import Field as Bounded
from pydantic import model_validator

from autofis_kedro.config import Frozen
from autofis_kedro.errors import UserError

FieldKind = Literal["categorical", "numeric", "multi_hot"]

MISSING = 0
UNSEEN = 1
OTHER = 2
N_SPECIAL = 3

MAX_TUPLES = 2_000_000
"""Candidates of one order; as many gates, and as many numbers per row of a batch."""


class Field(Frozen):
    """One field.

    Attributes:
        name: the field's name.
        kind: categorical and numeric (bucketed) fields hold one id per row, multi-hot fields one or more.
        size: number of local ids, the three special ones included.
        other_rows: train rows that hold the rare-value id; 0 means that its embedding is never trained.
        missing_rows: train rows that hold the missing id; likewise.
    """

    name: str
    kind: FieldKind
    size: int = Bounded(ge=N_SPECIAL)
    other_rows: int = Bounded(default=0, ge=0)
    missing_rows: int = Bounded(default=0, ge=0)


class Schema(Frozen):
    """The fields of a data set in their fixed order.

    Attributes:
        dataset: its name.
        fields: in order.
        left_out: fields that are described and have one value in the train rows.
    """

    dataset: str
    fields: tuple[Field, ...]
    left_out: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Schema:
        if len(set(self.names)) != len(self.fields):
            twice = sorted({name for name in self.names if self.names.count(name) > 1})
            raise ValueError(f"field names must be unique; more than once: {', '.join(twice)}")
        if self.n_ids > 2**31 - 1:
            raise ValueError(f"{self.n_ids} ids do not fit into int32; raise min_count")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Field names in order."""
        return tuple(field.name for field in self.fields)

    @property
    def n_fields(self) -> int:
        """Number of fields, m in the paper."""
        return len(self.fields)

    @cached_property
    def offsets(self) -> tuple[int, ...]:
        """Global id of each field's local id 0, and the total at the end; ``n_fields + 1`` numbers."""
        ends = [0]
        for field in self.fields:
            ends.append(ends[-1] + field.size)
        return tuple(ends)

    @property
    def n_ids(self) -> int:
        """Number of global ids: the rows of the embedding table."""
        return self.offsets[-1]

    @property
    def one_hot_positions(self) -> tuple[int, ...]:
        """Positions of the fields with exactly one id per row."""
        return tuple(i for i, field in enumerate(self.fields) if field.kind != "multi_hot")

    @property
    def multi_hot_positions(self) -> tuple[int, ...]:
        """Positions of the fields with one or more ids per row."""
        return tuple(i for i, field in enumerate(self.fields) if field.kind == "multi_hot")

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change with any field, size or order."""
        return hashlib.sha256(self.model_dump_json(exclude={"left_out"}).encode()).hexdigest()[:16]

    def position(self, name: str) -> int:
        """Position of a field.

        Raises:
            UserError: the schema has no such field.
        """
        if name not in self.names:
            raise UserError(f"field '{name}' is not in data set '{self.dataset}'; it has: {', '.join(self.names)}")
        return self.names.index(name)

    def tuples(self, order: int) -> tuple[tuple[int, ...], ...]:
        """All combinations of ``order`` field positions in lexicographic order (paper sec. 3.1).

        Raises:
            UserError: there are more than can be gates.
        """
        number = comb(self.n_fields, order)
        if number > MAX_TUPLES:
            raise UserError(
                f"{self.n_fields} fields of data set '{self.dataset}' have {number:,} interactions of order {order}; "
                f"at most {MAX_TUPLES:,} can be searched: drop fields, or stay with pairs"
            )
        return tuple(combinations(range(self.n_fields), order))
