"""libfm and libffm text as raw columns: ``label id:value ...`` and ``label field:id:value ...``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from autofis_kedro.data.description import DataDescription
from autofis_kedro.data.fields import FieldDescription
from autofis_kedro.data.files import FolderColumns
from autofis_kedro.data.formats import Delimited, LibFFM, LibFM
from autofis_kedro.data.names import EXTRA, ROW
from autofis_kedro.data.raw_table import RawTable, check_columns, readable
from autofis_kedro.data.text import read_text
from autofis_kedro.errors import UserError

LINE, BAD, WEIGHTED = "line", "bad", "weighted"
ONE = r"1(?:\.0*)?"
WAY_OUT = "values are not read: write 1, or set values: ignored under format"


def read_libfm(
    plain: Path, name: str, form: LibFM, description: DataDescription, given: FolderColumns, folder: Path
) -> RawTable:
    """Every column's ids as text; the label is the first column.

    Raises:
        UserError: names the line and what is wrong with it.
    """
    label = description.label.column if description.label else "label"
    cells = Delimited(separator=" ", quote=None, columns=(label, *form.columns))
    table = read_text(plain, name, cells, description, given, folder)
    tokens = [pl.col(column) for column in form.columns]
    pattern = rf"^[^:]+:{ONE}$" if form.values == "ones" else r"^[^:]+:[^:]*$"
    # asked first: it is cheap
    is_odd = pl.any_horizontal(
        ~token.str.ends_with(":1") | (token.str.count_matches(":", literal=True) != 1) for token in tokens
    )
    with readable(name, [table]):
        found = _first(table.rows.filter(is_odd).filter(pl.any_horizontal(~t.str.contains(pattern) for t in tokens)))
    if found is not None:
        token = next(cell for cell in map(found.get, form.columns) if not re.fullmatch(pattern, str(cell)))
        reason = f"; {WAY_OUT}" if re.fullmatch(r"[^:]+:[^:]*", str(token)) else " is not id:value"
        raise UserError(f"'{name}', line {found[ROW] + 1}: '{token}'{reason}")
    ids = [token.str.extract(r"^([^:]+):[^:]*$") for token in tokens]
    return replace(table, rows=table.rows.with_columns(ids), form=form)


def read_libffm(plain: Path, name: str, form: LibFFM, description: DataDescription, given: FolderColumns) -> RawTable:
    """Ids as text, those of a multi-hot field joined by its separator; of a numeric field the value.

    Raises:
        UserError: names the line and what is wrong with it.
    """
    label = description.label.column if description.label else "label"
    check_columns(name, [label, *form.columns], given, description)
    kinds = {field.name: field for field in description.fields}
    lines = pl.scan_lines(plain, name=LINE, row_index_name=ROW, glob=False)
    line = pl.col(LINE).str.strip_prefix("\ufeff").str.strip_chars()
    cells = {column: _cell(line, place, kinds.get(column)) for place, column in enumerate(form.columns)}
    is_sound = line.str.contains(_pattern(form, kinds, r"[^\s:]*")) & ~line.str.contains("\0", literal=True)
    n_tokens = line.str.count_matches(r"[ \t]\d+:").cast(pl.Int64)
    n_cells = pl.sum_horizontal(_count(cell, kinds.get(column)) for column, cell in cells.items())
    found = lines.filter(line != "").with_columns(
        (~is_sound | (n_tokens != n_cells)).alias(BAD),
        (~line.str.contains(_pattern(form, kinds, ONE)) if form.values == "ones" else pl.lit(False)).alias(WEIGHTED),
    )
    table = RawTable(name, lines, form, text=plain)
    with readable(name, [table]):
        skipped = _check(found.select(ROW, LINE, BAD, WEIGHTED), name, form, description)
        blank = lines.select((line == "").sum()).collect(engine="streaming").item()
    rows = found.filter(~pl.col(BAD)).select(ROW, line.str.extract(r"^(\S+)").alias(label), **cells)
    rows = rows.with_columns(pl.lit(None, dtype=pl.String).alias(EXTRA))
    return replace(table, rows=rows, skipped=skipped, blank=blank)


def _pattern(form: LibFFM, kinds: dict[str, FieldDescription], value: str) -> str:
    """Of a whole line; the values of numeric fields are read, so that they may be any."""
    numeric = [column in kinds and kinds[column].kind == "numeric" for column in form.columns]
    tokens = [
        rf"(?:{'|'.join(str(p) for p, is_n in enumerate(numeric) if is_n == wanted)}):[^\s:]+:{values}"
        for wanted, values in ((False, value), (True, r"[^\s:]+"))
        if wanted in numeric
    ]
    return rf"^[^\s:]+(?:[ \t]+(?:{'|'.join(tokens)}))*$"


def _cell(line: pl.Expr, place: int, field: FieldDescription | None) -> pl.Expr:
    if field is not None and field.kind == "multi_hot":
        each = line.str.extract_all(rf"[ \t]{place}:[^\s:]+:").list.eval(pl.element().str.extract(r":(.+):$"))
        joined = each.list.join(field.separator)
        return pl.when(joined != "").then(joined)
    wanted = r"[^\s:]+:([^\s:]+)" if field is not None and field.kind == "numeric" else r"([^\s:]+):"
    return line.str.extract(rf"[ \t]{place}:{wanted}")


def _count(cell: pl.Expr, field: FieldDescription | None) -> pl.Expr:
    """How many tokens a cell stands for."""
    if field is not None and field.kind == "multi_hot":
        return cell.str.split(field.separator).list.len().cast(pl.Int64).fill_null(0)
    return cell.is_not_null().cast(pl.Int64)


def _check(found: pl.LazyFrame, name: str, form: LibFFM, description: DataDescription) -> int:
    """How many rows are to be left out.

    Raises:
        UserError: there are some and none is to be, or values that are not read.
    """
    is_skipped = description.on_bad_row == "skip"
    wrong = pl.col(WEIGHTED) & ~pl.col(BAD) if is_skipped else pl.col(WEIGHTED) | pl.col(BAD)
    first = _first(found.filter(wrong))
    if first is not None:
        reason = _reason(first[LINE].split(), form, description, is_bad=first[BAD])
        raise UserError(f"'{name}', line {first[ROW] + 1}: {reason}")
    return int(found.select(pl.col(BAD).sum()).collect(engine="streaming").item()) if is_skipped else 0


def _reason(tokens: Sequence[str], form: LibFFM, description: DataDescription, *, is_bad: bool) -> str:
    mend = "; mend the file, or set on_bad_row: skip"
    if tokens and ":" in tokens[0]:
        return f"'{tokens[0]}' stands where the label is expected{mend}"
    if not is_bad:
        numeric = {f.name for f in description.fields if f.kind == "numeric"}
        weighted = [t for t in tokens[1:] if not re.fullmatch(rf".+:{ONE}", t)]
        return f"'{next(t for t in weighted if form.columns[int(t.split(':')[0])] not in numeric)}'; {WAY_OUT}"
    for token in tokens[1:]:
        parts = token.split(":")
        if len(parts) != 3 or not all(parts):
            return f"'{token}' is not field:id:value{mend}"
        if not (parts[0].isascii() and parts[0].isdigit() and int(parts[0]) < len(form.columns)):
            fields = f"0 to {len(form.columns) - 1} ({', '.join(form.columns[:6])}{', ...' * (len(form.columns) > 6)})"
            return f"'{token}': there is no field {parts[0]}; described are {fields}{mend}"
    numbers = [token.split(":")[0] for token in tokens[1:]]
    twice = next((number for number in numbers if numbers.count(number) > 1), None)
    if twice is None:
        return f"a field or an id is not written as expected{mend}"
    column = form.columns[int(twice)]
    return f"field {twice} ('{column}') has several ids, or one holds its separator{mend}, or make it multi_hot"


def _first(rows: pl.LazyFrame) -> dict[str, Any] | None:
    found = rows.sort(ROW).head(1).collect(engine="streaming")
    return found.row(0, named=True) if len(found) else None
