"""A column of a raw file, and what it becomes: typed columns, whether a cell is bad, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from autofis_kedro.errors import UserError

MOMENT = "%Y-%m-%d %H:%M:%S%.f"


@dataclass(frozen=True)
class Source:
    """A column as a file has it.

    Attributes:
        column: its name.
        dtype: its type there; text files have text alone.
        file: its name, for messages.
        absent: texts that mean a missing value.
    """

    column: str
    dtype: pl.DataType
    file: str
    absent: tuple[str, ...] = ()

    def text(self) -> pl.Expr:
        """The cells as text, null where the value is missing.

        Raises:
            UserError: the column's type has no text.
        """
        text = as_text(pl.col(self.column), self.dtype)
        if text is None:
            raise self.refused("no single value", "leave the column out, or write it as text")
        return pl.when(text.is_in(self.absent)).then(None).otherwise(text) if self.absent else text

    def refused(self, what: str, way_out: str) -> UserError:
        """The error for a type that the description does not fit."""
        return UserError(f"'{self.file}': column '{self.column}' is of type {self.dtype}, which is {what}: {way_out}")


@dataclass(frozen=True)
class Typed:
    """What a described column becomes.

    Attributes:
        columns: named expressions over raw columns.
        is_bad: whether a cell is none of what is allowed; None where every cell is.
        explain: what is wrong with a bad cell, from its value.
    """

    columns: tuple[pl.Expr, ...]
    is_bad: pl.Expr | None = None
    explain: Callable[[Any], str] = str


def as_text(values: pl.Expr, dtype: pl.DataType) -> pl.Expr | None:
    """Values as text files would have them: equal values of any type give equal text; None for types without text.

    Not-a-number is missing. Moments are ISO 8601 whatever their unit; a time zone stands as an offset.
    """
    if dtype.is_float():
        return values.fill_nan(None).cast(pl.String)
    if dtype.is_integer() or dtype.is_decimal() or dtype in (pl.String, pl.Boolean, pl.Categorical, pl.Enum, pl.Null):
        return values.cast(pl.String)
    if isinstance(dtype, pl.Datetime):
        return values.dt.to_string(MOMENT if dtype.time_zone is None else f"{MOMENT}%:z")
    if dtype in (pl.Date, pl.Time):
        return values.dt.to_string("%Y-%m-%d" if dtype == pl.Date else "%H:%M:%S%.f")
    return None


def with_equals(missing: tuple[str, ...]) -> tuple[str, ...]:
    """Texts that mean a missing value, whole numbers also as floats are written."""
    return (*missing, *(f"{text}.0" for text in missing if text.removeprefix("-").isdecimal()))
