"""The column that decides which split a row belongs to, where one does; it need not be a field."""

from __future__ import annotations

from typing import Any, Literal

import polars as pl

from autofis_kedro.config import Frozen
from autofis_kedro.data.cells import Source, Typed
from autofis_kedro.data.moments import ALLOWED, explain_moment, moment_of
from autofis_kedro.data.names import ORDER, SPLIT

NAMES = {"train": "train", "valid": "valid", "validation": "valid", "val": "valid", "dev": "valid", "test": "test"}
"""What a column of given splits may hold, in any case."""
TEXT, NUMBER = "text", "number"


class SplitColumn(Frozen):
    """A raw column by which rows are split.

    Attributes:
        method: ``time``: in the order of the column; ``given``: it holds the names of the splits.
        column: its name.
        format: for ``time``: of a timestamp, ``number``, or ``text`` that sorts by time as it is; None: ISO 8601, or
            a parquet file's own type.
    """

    method: Literal["time", "given"]
    column: str
    format: str | None = None


def read_split_column(split: SplitColumn, source: Source) -> Typed:
    """SPLIT (String), or ORDER (Float64: numbers, or moments in microseconds; String for text that sorts).

    A row without a value has null; whatever is no name, number or moment is bad.

    Raises:
        UserError: the column's type has no order in time.
    """
    what = f"split.column '{split.column}'"
    if split.method == "given":
        name = source.text().str.strip_chars().str.to_lowercase().replace_strict(NAMES, default=None)
        return Typed(
            (name.alias(SPLIT),), name.is_null(), lambda cell: f"{what} is '{cell}'; allowed: {', '.join(NAMES)}"
        )
    if split.format == TEXT:
        return Typed((source.text().alias(ORDER),))
    if split.format == NUMBER or (split.format is None and source.dtype.is_numeric()):
        text = source.text()
        number = text.cast(pl.Float64, strict=False)
        is_bad = text.is_not_null() & ~number.is_finite().fill_null(False)
        return Typed(
            (number.alias(ORDER),), is_bad, lambda cell: f"{what} is '{cell}', no number as in other rows; {_hint()}"
        )
    moment = moment_of(source, split.format)
    order = moment.instant.dt.epoch("us").cast(pl.Float64).alias(ORDER)
    return Typed((order,), moment.is_bad, lambda cell: _explained(what, cell, split.format))


def format_of(value: str) -> str | None:
    """The format of text, by one of its values: ``number``, or None for what may be ISO 8601."""
    try:
        float(value)
    except ValueError:
        return None
    return NUMBER


def _hint() -> str:
    how = ALLOWED.removeprefix("name it under format: ")
    return f"split.format says how it is written: {how}, or text where it sorts as it is"


def _explained(what: str, cell: Any, form: str | None) -> str:
    message = explain_moment(what, cell, form).removesuffix(f"; {ALLOWED}")
    return f"{message}; {_hint()}" if form is None else message
