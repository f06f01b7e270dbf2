"""Typed columns as polars expressions, and what went wrong in a row."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import polars as pl

from autofis_kedro.data.description import DataDescription, FieldDescription, Label
from autofis_kedro.data.formats import Delimited, LibFM
from autofis_kedro.data.names import EXTRA, KEY, LABEL, PROBLEM

_PARTS = {"hour": "%H", "weekday": "%u", "day": "%d", "month": "%m"}

TOO_LONG, BAD_LABEL, FIRST_FIELD = 1, 2, 3


def typed_columns(description: DataDescription, keys: Sequence[str] = ()) -> list[pl.Expr]:
    """LABEL, the fields in order, and whether the row has a problem.

    Where the rows have no label it is 0. ``keys`` are raw columns to carry along as text, named ``KEY`` + column.
    """
    label = pl.lit(0, dtype=pl.UInt8) if description.label is None else _label(description.label)
    columns = [label.alias(LABEL), *(pl.col(key).cast(pl.String).alias(f"{KEY}{key}") for key in keys)]
    for field in description.fields:
        text = _text(field.name, description)
        if field.kind == "numeric":
            columns.append(text.cast(pl.Float64, strict=False).alias(field.name))
        elif field.kind == "timestamp":
            moment = _moment(text, field)
            columns += [moment.dt.to_string(_PARTS[part]).alias(part) for part in field.parts]
        elif field.kind == "multi_hot":
            values = text.str.split(field.separator).list.eval(pl.element().filter(pl.element() != ""))
            columns.append(values.alias(field.name))
        else:
            columns.append(text.alias(field.name))
    # One flag for all, as bits: which problem it is, is asked of the one row that is shown.
    is_bad = pl.any_horizontal(*_problems(description).values()).fill_null(False)
    return [*columns, is_bad.alias(PROBLEM)]


def _problems(description: DataDescription) -> dict[int, pl.Expr]:
    """Whether a row has each problem: TOO_LONG, BAD_LABEL, FIRST_FIELD + a field's place."""
    problems = {TOO_LONG: pl.col(EXTRA).is_not_null()}
    if description.label is not None:
        problems[BAD_LABEL] = _label(description.label).is_null()
    for place, field in enumerate(description.fields):
        text = _text(field.name, description)
        if field.kind == "numeric":
            is_finite = text.cast(pl.Float64, strict=False).is_finite().fill_null(False)
            problems[FIRST_FIELD + place] = text.is_not_null() & ~is_finite
        elif field.kind == "timestamp":
            problems[FIRST_FIELD + place] = text.is_not_null() & _moment(text, field).is_null()
    return problems


def _text(column: str, description: DataDescription) -> pl.Expr:
    text = pl.col(column).cast(pl.String)
    # The parser has made unquoted empty cells null already.
    form = description.format
    has_nulls = isinstance(form, LibFM) or (isinstance(form, Delimited) and form.quote is None)
    absent = description.missing if has_nulls else ("", *description.missing)
    if not absent:
        return text
    return pl.when(reduce(lambda a, b: a | b, [text == value for value in absent])).then(None).otherwise(text)


def _label(label: Label) -> pl.Expr:
    text, positive, negative = pl.col(label.column).cast(pl.String), label.positive, label.negative
    return pl.when(text.is_in(positive)).then(1).when(text.is_in(negative)).then(0).otherwise(None).cast(pl.UInt8)


def _moment(text: pl.Expr, field: FieldDescription) -> pl.Expr:
    assert field.format is not None
    if "%M" in field.format or "%H" not in field.format:
        return text.str.to_datetime(field.format, strict=False)
    # An hour without minutes is no full time to the parser.
    return (text + pl.lit("00")).str.to_datetime(field.format + "%M", strict=False)


def explain_problem(raw: pl.LazyFrame, row: int, description: DataDescription) -> str:
    """What is wrong in a row, with the raw value.

    Args:
        raw: every raw column as text.
        row: number from 0.
        description: of the columns.
    """
    found = raw.slice(row, 1).collect(engine="streaming")
    cells = found.row(0, named=True)
    problem = next(code for code, is_bad in _problems(description).items() if found.select(is_bad).item())
    where = f"row {row + 1}"
    if problem == TOO_LONG:
        return f"{where} has more columns than described (beyond the last: '{cells[EXTRA]}')"
    if problem == BAD_LABEL:
        assert description.label is not None
        column, label = description.label.column, description.label
        allowed = ", ".join((*label.positive, *label.negative))
        return f"{where}: label '{column}' is '{cells[column] or ''}'; allowed: {allowed}"
    field = description.fields[problem - FIRST_FIELD]
    value = cells[field.name]
    if field.kind == "timestamp":
        return f"{where}: timestamp '{field.name}' is '{value}', not of the format {field.format}"
    return f"{where}: numeric field '{field.name}' is '{value}', not a finite number"
