"""Timestamps: the parts of one that become fields, and what a split by time compares.

Nothing is converted: a part is that of the clock that the timestamp was written by, so that 08:00+05:30 is hour 08, and
a column with a time zone gives the hours of that zone. What is compared is the moment itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from autofis_kedro.data.cells import Source, Typed
from autofis_kedro.data.fields import FieldDescription
from autofis_kedro.data.formats_of_time import EPOCH, LETTERS, has_offset, parsed

FIRST, LAST = 631_152_000, 4_102_444_800
"""1990 and 2100, in seconds since 1970: a count outside is in another unit than described."""

ISO = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M%#z")
OFFSET = r"(?:([+-])([0-9]{2}):?([0-9]{2})?)"
ALLOWED = "name it under format: strftime's letters, or " + ", ".join(EPOCH)


@dataclass(frozen=True)
class Moment:
    """A timestamp.

    Attributes:
        wall: what the clock showed, Datetime without zone.
        instant: when it was, Datetime in UTC, likewise; where neither offset nor zone is known, what the clock showed.
        is_bad: cells that are of another format.
    """

    wall: pl.Expr
    instant: pl.Expr
    is_bad: pl.Expr | None


def read_timestamp(field: FieldDescription, source: Source, names: dict[str, str]) -> Typed:
    """The parts (String).

    Args:
        field: the timestamp.
        source: its column.
        names: of the parts.

    Raises:
        UserError: the column's type holds no moments.
    """
    moment = moment_of(source, field.format)
    columns = tuple(moment.wall.dt.to_string(LETTERS[part]).alias(names[part]) for part in field.parts)
    return Typed(columns, moment.is_bad, lambda cell: explain_moment(f"timestamp '{field.name}'", cell, field.format))


def moment_of(source: Source, form: str | None) -> Moment:
    """A column as moments.

    Raises:
        UserError: the column's type holds none.
    """
    column, dtype = pl.col(source.column), source.dtype
    if isinstance(dtype, pl.Datetime):
        instant = column if dtype.time_zone is None else column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        wall = column if dtype.time_zone is None else column.dt.replace_time_zone(None)
        return Moment(wall, instant, None)
    if dtype == pl.Date:
        return Moment(column.cast(pl.Datetime("us")), column.cast(pl.Datetime("us")), None)
    if dtype.is_temporal():
        raise source.refused("no moment", "leave the column out, or make it a categorical field")
    text = source.text()
    if form in EPOCH:
        instant = _counted(text, EPOCH[form])
        wall = instant
    else:
        if dtype.is_float():
            text = text.str.strip_suffix(".0")
        instant, offset = _written(text, form)
        wall = instant if offset is None else instant + offset
    return Moment(wall, instant, text.is_not_null() & wall.is_null())


def _counted(text: pl.Expr, units: int) -> pl.Expr:
    seconds = text.cast(pl.Float64, strict=False) / units
    is_plausible = seconds.is_between(FIRST, LAST, closed="left")
    return (pl.when(is_plausible).then(seconds) * 1_000_000).cast(pl.Int64).cast(pl.Datetime("us"))


def _written(text: pl.Expr, form: str | None) -> tuple[pl.Expr, pl.Expr | None]:
    """Moments in UTC, and what to add for the clock that wrote them."""
    if form is not None:
        moment = parsed(text, form)
        if not has_offset(form):
            return moment, None
        return moment.dt.replace_time_zone(None), _offset(text, OFFSET + (r"\s*$" if form.endswith("z") else ""))
    text = text.str.strip_chars().str.replace("T", " ", literal=True)
    parts = [parsed(text, one) for one in ISO]
    parts = [part.dt.replace_time_zone(None) if "z" in one else part for part, one in zip(parts, ISO, strict=True)]
    has_clock = text.str.contains(r":[0-9]{2}.*[+-]")
    return pl.coalesce(parts), pl.when(has_clock).then(_offset(text, OFFSET + "$")).otherwise(pl.duration(minutes=0))


def _offset(text: pl.Expr, pattern: str) -> pl.Expr:
    sign = pl.when(text.str.extract(pattern, 1) == "-").then(-1).otherwise(1)
    hours, minutes = (text.str.extract(pattern, group).cast(pl.Int64).fill_null(0) for group in (2, 3))
    return pl.duration(minutes=sign * (hours * 60 + minutes))


def explain_moment(what: str, cell: Any, form: str | None) -> str:
    """What is wrong with a cell."""
    if form not in EPOCH:
        return (
            f"{what} is '{cell}', not of the format {form}" if form else f"{what} is '{cell}', no ISO 8601; {ALLOWED}"
        )
    message = f"{what} is '{cell}', no count since 1970 in the unit of {form} within 1990 to 2099"
    others = [other for other in EPOCH if other != form and _is_plausible(cell, EPOCH[other])]
    return f'{message}; format: "{others[0]}" would read it' if others else message


def _is_plausible(cell: Any, units: int) -> bool:
    try:
        return FIRST <= float(cell) / units < LAST
    except ValueError:
        return False
