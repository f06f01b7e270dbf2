"""How timestamps are written: strftime's letters, or a count since 1970."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

import polars as pl
from polars.exceptions import PolarsError

EPOCH = {"%s": 1, "%ms": 1_000, "%us": 1_000_000}
"""Formats that count since 1970, and their units in a second."""

LETTERS = {"hour": "%H", "weekday": "%u", "day": "%d", "month": "%m", "year": "%Y"}
"""Parts of a moment."""

YEARS = ("%Y", "%G", "%F", "%v", "%c", "%+")
"""Letters that stand for a whole year."""

SAMPLE = datetime(2021, 11, 24, 13, 45, 56, tzinfo=UTC)


def has_offset(form: str) -> bool:
    """Whether a format holds an offset from UTC."""
    return "%#z" in parser_format(form) or "%+" in form


def parser_format(form: str) -> str:
    """A format in the letters of polars: its %z takes no Z, and its %f is something else than Python's."""
    return form.replace("%:z", "%#z").replace("%z", "%#z").replace(".%f", "%.f")


def parsed(text: pl.Expr, form: str) -> pl.Expr:
    """Text as a Datetime in microseconds (UTC where the format has an offset); null where it is of another format."""
    form = parser_format(form)
    if "%H" in form and not any(letters in form for letters in ("%M", "%T", "%R", "%c", "%X")):
        text, form = text + pl.lit("00"), f"{form}%M"  # an hour without minutes is no full time to the parser
    moment = text.str.to_datetime(form, strict=False, time_unit="us")
    if not any(letters in form for letters in YEARS):
        return moment
    # a digit lost from a year leaves another year to the parser
    return pl.when(moment.dt.year().is_between(1000, 9999)).then(moment)


def check_format(form: str, parts: Collection[str]) -> None:
    """Check that a format can be read and tells what is asked of it, by writing a moment with it and reading that.

    Args:
        form: strftime's letters, or a key of ``EPOCH``.
        parts: keys of ``LETTERS``.

    Raises:
        ValueError: it cannot, or does not.
    """
    if form in EPOCH:
        return
    moment = pl.Series([SAMPLE if has_offset(form) else SAMPLE.replace(tzinfo=None)])
    try:
        text = moment.dt.to_string(parser_format(form).replace("%#z", "%z"))
        read = pl.DataFrame({"text": text}).select(parsed(pl.col("text"), form)).to_series()
    except PolarsError:
        read = pl.Series([None], dtype=pl.Datetime)
    untold = [part for part in parts if read.dt.to_string(LETTERS[part])[0] != SAMPLE.strftime(LETTERS[part])]
    if untold:
        raise ValueError(
            f"format '{form}' does not tell the {', '.join(untold)}; a format is in strftime's letters, as "
            f"'%Y-%m-%d %H:%M:%S', or {', '.join(EPOCH)} for seconds, milliseconds, microseconds since 1970"
        )
