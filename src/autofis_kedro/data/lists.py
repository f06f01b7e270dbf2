"""Multi-hot cells: several values in one cell, as text or as a parquet file's list."""

from __future__ import annotations

from typing import Any

import polars as pl

from autofis_kedro.data.cells import Source, Typed, as_text
from autofis_kedro.data.fields import FieldDescription

QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
BRACKETED = rf"""^\s*\[(?:[^\[\]"']|{QUOTED})*\]\s*$"""
ITEM = rf"""{QUOTED}|[^\s,"'\[\]][^,"'\[\]]*"""
NOTHING = ("None", "null", "nan", "NaN")
"""What programs write for a missing value within a list."""
BLANKS = " \t"
WEIGHT = r":\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
MAY_WEIGH = r":\s*[+-]?\.?[0-9]"
MAPPING = r"^\s*\{.*:.*\}\s*$"


def read_list(field: FieldDescription, source: Source) -> Typed:
    """The field (List(String)): no nulls, no empty values, blanks around values taken off.

    Raises:
        UserError: a list of something that has no text.
    """
    is_own = source.dtype in (pl.List, pl.Array)
    values = _own_list(source) if is_own else _from_text(field, source.text())
    if field.weights == "ignore":
        values = values.list.eval(pl.element().str.replace(WEIGHT, ""))
    values = values.list.eval(pl.element().filter(pl.element() != ""))
    column = values.alias(field.name)
    if field.weights == "keep":
        return Typed((column,))
    # Whatever looks into every value costs more than all else: only cells are looked into that may need it.
    looked_at = values if is_own else pl.when(source.text().str.contains(MAY_WEIGH)).then(values)
    is_weighted = (looked_at.list.len() > 0) & looked_at.list.eval(pl.element().str.contains(WEIGHT)).list.all()
    if not is_own:
        is_weighted = is_weighted.fill_null(False) | source.text().str.contains(MAPPING)
    return Typed((column,), is_weighted, lambda cell: _explained(field, cell))


def _own_list(source: Source) -> pl.Expr:
    dtype = source.dtype
    assert isinstance(dtype, pl.List | pl.Array)
    inner = dtype.inner if isinstance(dtype.inner, pl.DataType) else dtype.inner()
    text = as_text(pl.element(), inner)
    if text is None:
        raise source.refused("no list of single values", "leave the column out, or write it as text")
    lists = pl.col(source.column).arr.to_list() if isinstance(dtype, pl.Array) else pl.col(source.column)
    present = text.filter(~text.is_in(source.absent)) if source.absent else text
    return lists.list.eval(present).list.drop_nulls().list.eval(pl.element().str.strip_chars(BLANKS))


def _from_text(field: FieldDescription, text: pl.Expr) -> pl.Expr:
    is_list = text.str.contains(BRACKETED)
    found = pl.when(is_list).then(text).otherwise(None).str.extract_all(ITEM)
    item = pl.element().str.strip_chars(BLANKS)
    is_quoted = item.str.contains(r"""^["']""")
    unquoted = item.str.slice(1, item.str.len_chars() - 2).str.replace_all(r"""\\(["'\\])""", "${1}")
    value = pl.when(is_quoted).then(unquoted).when(~item.is_in(NOTHING)).then(item)
    split = text.str.split(field.separator)
    with_blanks = pl.when(text.str.contains(f"[{BLANKS}]")).then(split).otherwise(None)
    stripped = with_blanks.list.eval(pl.element().str.strip_chars(BLANKS))
    return pl.when(is_list).then(found.list.eval(value).list.drop_nulls()).otherwise(pl.coalesce(stripped, split))


def _explained(field: FieldDescription, cell: Any) -> str:
    return (
        f"multi_hot field '{field.name}' is '{cell}': values with weights, which are not read; weights: "
        "ignore takes them off, weights: keep makes them a part of the value"
    )
