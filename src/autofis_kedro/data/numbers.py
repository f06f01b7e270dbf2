"""Numeric fields: text in the notation that is described, or a parquet file's own numbers."""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from autofis_kedro.data.cells import Source, Typed
from autofis_kedro.data.fields import FieldDescription


def read_number(field: FieldDescription, source: Source) -> Typed:
    """The field (Float64). What is not finite is bad; a parquet file's not-a-number is missing.

    Raises:
        UserError: the column's type holds no numbers.
    """
    dtype = source.dtype
    if dtype.is_numeric() or dtype == pl.Boolean:
        number = pl.col(source.column).cast(pl.Float64).fill_nan(None)
        absent = [float(text) for text in source.absent if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text)]
        number = pl.when(number.is_in(absent)).then(None).otherwise(number) if absent else number
        return Typed((number.alias(field.name),), number.is_infinite(), lambda cell: _explained(field, cell))
    if dtype.is_temporal():
        raise source.refused("no number", "describe the field as kind: timestamp, or leave it out")
    text = source.text()
    number = _parsed(text, field)
    is_bad = text.is_not_null() & ~number.is_finite().fill_null(False)
    return Typed((number.alias(field.name),), is_bad, lambda cell: _explained(field, cell))


def _parsed(text: pl.Expr, field: FieldDescription) -> pl.Expr:
    if field.decimal == "." and field.thousands is None and not field.percent:
        return text.cast(pl.Float64, strict=False)
    plain: pl.Expr = pl.when(text.str.contains(pattern(field))).then(text.str.strip_chars())
    if field.percent:
        plain = plain.str.strip_suffix("%").str.strip_chars()
    if field.thousands is not None:
        plain = plain.str.replace_all(field.thousands, "", literal=True)
    number = plain.str.replace(field.decimal, ".", literal=True).cast(pl.Float64, strict=False)
    return number / 100 if field.percent else number


def pattern(field: FieldDescription) -> str:
    """What a cell in the described notation is; 1.234 with thousands "." is no 1.23 with a digit too many."""
    whole = r"[0-9]+"
    if field.thousands is not None:
        whole = rf"(?:[0-9]{{1,3}}(?:{re.escape(field.thousands)}[0-9]{{3}})+|[0-9]+)"
    mark = re.escape(field.decimal)
    sign = r"\s*%" if field.percent else ""
    return rf"^\s*[+-]?(?:{whole}(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][+-]?[0-9]+)?{sign}\s*$"


def _explained(field: FieldDescription, cell: Any) -> str:
    message = f"numeric field '{field.name}' is '{cell}', not a finite number"
    options = [(".", None), (",", None), (",", "."), (".", ","), (",", " "), (".", " "), (".", "'"), (".", "_")]
    found: list[dict[str, str]] = []
    for decimal, thousands in options:
        for percent in (False, True):
            other = field.model_copy(update={"decimal": decimal, "thousands": thousands, "percent": percent})
            if re.match(pattern(other), str(cell)) and not any(set(_changes(field, other)) > set(one) for one in found):
                found.append(_changes(field, other))
    shown = [", ".join(f"{name}: {value}" for name, value in changes.items()) for changes in found if changes][:2]
    if shown:
        return f"{message} as it is described; {' or '.join(shown)} would read it"
    if str(cell) != str(cell).strip() and re.match(pattern(field), str(cell)):
        return f"{message}: blanks stand around it; strip: true under format takes them off"
    return message


def _changes(field: FieldDescription, other: FieldDescription) -> dict[str, str]:
    """The options by which two notations differ, as YAML has them."""
    changes = {}
    for name in ("decimal", "thousands", "percent"):
        value = getattr(other, name)
        if value != getattr(field, name):
            changes[name] = (
                f'"{value}"' if isinstance(value, str) else ("null" if value is None else str(value).lower())
            )
    return changes
