"""From raw columns to typed rows: what each described column becomes, and what is wrong in a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from autofis_kedro.data.cells import Source, Typed, as_text, with_equals
from autofis_kedro.data.description import DataDescription
from autofis_kedro.data.fields import FieldDescription
from autofis_kedro.data.formats import Delimited, Format, LibFM
from autofis_kedro.data.labels import read_label
from autofis_kedro.data.lists import read_list
from autofis_kedro.data.moments import read_timestamp
from autofis_kedro.data.names import EXTRA, KEY, LABEL, PROBLEM
from autofis_kedro.data.numbers import read_number
from autofis_kedro.data.order import SplitColumn, read_split_column

FINE, TOO_LONG, BAD_LABEL, BAD_SPLIT, FIRST_FIELD = 0, 1, 2, 3, 4
"""What is wrong in a row; from FIRST_FIELD on: the cell of a field, by its place."""


@dataclass(frozen=True)
class RowTyping:
    """How the rows of one file become typed rows.

    Attributes:
        description: of the data set.
        types: of the file's columns.
        form: how the file was read.
        file: its name, for messages.
        split: the column that splits the rows, where one does.
        keys: raw columns to carry along as text, named ``KEY`` + column.
    """

    description: DataDescription
    types: Mapping[str, pl.DataType]
    form: Format
    file: str
    split: SplitColumn | None = None
    keys: tuple[str, ...] = ()

    def columns(self, *, with_reason: bool = False) -> list[pl.Expr]:
        """LABEL (0 where the rows have none), the keys, the fields in order, what splits, and PROBLEM.

        PROBLEM is whether the row has a problem, or, ``with_reason``, the first one that it has (UInt16).

        Raises:
            UserError: a column is of a type that its description does not fit.
        """
        label = [] if BAD_LABEL in self._typed else [pl.lit(0, dtype=pl.UInt8).alias(LABEL)]
        keys = [self._key(key) for key in self.keys]
        columns = [column for typed in self._typed.values() for column in typed.columns]
        return [*label, *columns, *keys, self._problem(with_reason)]

    def problems(self) -> dict[int, pl.Expr]:
        """Whether a row has each problem."""
        found = {TOO_LONG: pl.col(EXTRA).is_not_null()}
        return found | {code: typed.is_bad for code, typed in self._typed.items() if typed.is_bad is not None}

    def explain(self, row: pl.DataFrame) -> str:
        """What is wrong in a raw row that has a problem, with the raw cell."""
        code = next(code for code, is_bad in self.problems().items() if row.select(is_bad).item())
        if code == TOO_LONG:
            return f"more columns than described (beyond the last: '{row[EXTRA].item()}')"
        cell = row[self._column_of(code)]
        return self._typed[code].explain(cell.to_list()[0])

    def _problem(self, with_reason: bool) -> pl.Expr:
        # One flag for all, as bits: which problem it is, is asked of the one row that is shown.
        if not with_reason:
            return pl.any_horizontal(*self.problems().values()).fill_null(False).alias(PROBLEM)
        codes = [pl.when(is_bad).then(pl.lit(code, pl.UInt16)) for code, is_bad in self.problems().items()]
        return pl.coalesce(*codes, pl.lit(FINE, pl.UInt16)).alias(PROBLEM)

    @cached_property
    def _typed(self) -> dict[int, Typed]:
        found: dict[int, Typed] = {}
        if self.description.label is not None:
            found[BAD_LABEL] = read_label(self.description.label, self.source(self._column_of(BAD_LABEL)))
        for place, field in enumerate(self.description.fields):
            found[FIRST_FIELD + place] = self._read(field)
        if self.split is not None:
            found[BAD_SPLIT] = read_split_column(self.split, self.source(self.split.column))
        return found

    def _read(self, field: FieldDescription) -> Typed:
        source = self.source(field.name)
        if field.kind == "numeric":
            return read_number(field, source)
        if field.kind == "timestamp":
            return read_timestamp(field, source, self.description.part_names(field))
        if field.kind == "multi_hot":
            return read_list(field, source)
        if source.dtype in (pl.List, pl.Array):
            raise source.refused("no single value", "describe the field as kind: multi_hot")
        return Typed((source.text().alias(field.name),))

    def _column_of(self, code: int) -> str:
        if code == BAD_LABEL:
            assert self.description.label is not None
            return self.description.label.column
        if code == BAD_SPLIT:
            assert self.split is not None
            return self.split.column
        return self.description.fields[code - FIRST_FIELD].name

    def source(self, column: str) -> Source:
        """A raw column of the file."""
        # The parser of text has made empty cells null already where nothing is quoted.
        has_nulls = isinstance(self.form, LibFM) or (isinstance(self.form, Delimited) and self.form.quote is None)
        absent = (*(() if has_nulls else ("",)), *with_equals(self.description.missing))
        return Source(column, self.types[column], self.file, absent)

    def _key(self, key: str) -> pl.Expr:
        text = as_text(pl.col(key), self.types[key])
        if text is None:
            raise self.source(key).refused("no text to carry along", "leave it out of the keys")
        return text.alias(f"{KEY}{key}")


def reason(code: int, description: DataDescription) -> str:
    """A problem in words, for counts of rows that were skipped."""
    names = {TOO_LONG: "wrong number of columns", BAD_LABEL: "label", BAD_SPLIT: "split column"}
    return names.get(code) or f"field '{description.fields[code - FIRST_FIELD].name}'"
