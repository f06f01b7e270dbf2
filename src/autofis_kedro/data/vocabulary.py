"""Vocabularies: which raw value, or numeric bucket, has which local id. Fitted on the train rows alone
(``vocabulary_fitting.py``).

Local ids of a field: 0 missing, 1 unseen, 2 other (all rare values together), then the kept values, most
frequent first and ties by value; numeric buckets in ascending order. Rare values stay listed, so that a value
that is rare in the train rows (id 2) is told from one that they do not hold (id 1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np
import polars as pl
from numpy.typing import NDArray

from autofis_kedro.data.equality import EQUAL_AS, EqualAs
from autofis_kedro.data.schema import N_SPECIAL, Field, FieldKind, Schema
from autofis_kedro.errors import UserError

COLUMNS = ("field", "kind", "meaning", "id", "value", "lower", "count", "distinct", "equal_as")


@dataclass(frozen=True)
class FieldVocabulary:
    """The vocabulary of one field.

    Attributes:
        name: the field's name.
        kind: its kind.
        rows: its part of :attr:`Vocabularies.table`: the three special ids, then kept before rare values
            (numeric: buckets by lower edge, kept and rare ones mixed).
    """

    name: str
    kind: FieldKind
    rows: pl.DataFrame

    @property
    def equal_as(self) -> EqualAs:
        """How the field compares its values."""
        found: EqualAs = self.rows["equal_as"][0]
        return found

    @property
    def listed(self) -> pl.DataFrame:
        """The rows of values or buckets, without the three special ids."""
        return self.rows.slice(N_SPECIAL)

    @property
    def size(self) -> int:
        """Number of local ids."""
        return int(self.rows["id"].max()) + 1  # type: ignore[arg-type]

    def count(self, meaning: str) -> int:
        """Train rows (multi-hot: cells' values) with this meaning."""
        return int(self.rows.filter(pl.col("meaning") == meaning)["count"].sum())

    def distinct(self, meaning: str) -> int:
        """Distinct raw values with this meaning."""
        return int(self.rows.filter(pl.col("meaning") == meaning)["distinct"].sum())

    @property
    def edges(self) -> NDArray[np.float64]:
        """Numeric: ascending edges between the listed buckets."""
        return self.listed["lower"].to_numpy()[1:]


@dataclass(frozen=True)
class Vocabularies:
    """The vocabularies of all fields, as one table.

    Attributes:
        table: columns field, kind, meaning (missing, unseen, other, kept, rare), id (local), value (text;
            numeric: the bucket in words), lower (numeric: lower edge, null in the lowest), count (train
            rows), distinct (raw values), equal_as (how the field compares values: ``equality.py``; earlier releases,
            whose tables lack it, compared text). The parquet file of it is the artifact.
    """

    table: pl.DataFrame

    def __post_init__(self) -> None:
        if tuple(self.table.columns) == COLUMNS[:-1]:
            of_earlier = self.table.with_columns(pl.lit("text").cast(pl.Enum(EQUAL_AS)).alias(COLUMNS[-1]))
            object.__setattr__(self, "table", of_earlier)
        if tuple(self.table.columns) != COLUMNS or not len(self.table):
            raise UserError(
                f"vocabularies: {len(self.table)} rows with the columns {', '.join(self.table.columns)}; "
                f"a vocabulary has rows with {', '.join(COLUMNS)}; run bucketing again"
            )

    def __iter__(self) -> Iterator[FieldVocabulary]:
        return iter(self._fields)

    @cached_property
    def _fields(self) -> tuple[FieldVocabulary, ...]:
        # slices, because partition_by would copy a table of millions of rows
        lengths = self.table["field"].rle().struct.field("len").to_list()
        starts = accumulate(lengths, initial=0)
        parts = [self.table.slice(start, length) for start, length in zip(starts, lengths, strict=False)]
        return tuple(FieldVocabulary(part["field"][0], part["kind"][0], part) for part in parts)

    def __getitem__(self, name: str) -> FieldVocabulary:
        for vocabulary in self:
            if vocabulary.name == name:
                return vocabulary
        raise UserError(f"field '{name}' has no vocabulary; fields: {', '.join(field.name for field in self)}")

    def schema(self, dataset: str, described: Collection[str] = ()) -> Schema:
        """The schema of the encoded data.

        Args:
            dataset: its name.
            described: all fields, those that were left out included.
        """
        fields = (
            Field(
                name=field.name,
                kind=field.kind,
                size=field.size,
                other_rows=field.count("other"),
                missing_rows=field.count("missing"),
            )
            for field in self
        )
        known = {field.name for field in self}
        left_out = tuple(name for name in described if name not in known)
        return Schema(dataset=dataset, fields=tuple(fields), left_out=left_out)
