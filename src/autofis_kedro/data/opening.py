"""A raw file opened by what it is: its bytes say that; the description says how to read it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import polars as pl

from autofis_kedro.data.cleaning import CleanText, clean_lines
from autofis_kedro.data.description import DataDescription
from autofis_kedro.data.files import FolderColumns, RawFile
from autofis_kedro.data.formats import Delimited, Format, JsonLines, LibFFM, LibFM, Parquet
from autofis_kedro.data.json_lines import read_json_lines
from autofis_kedro.data.kinds import Kind, kind_of
from autofis_kedro.data.libffm import read_libffm, read_libfm
from autofis_kedro.data.names import EXTRA, ROW
from autofis_kedro.data.parquet_check import check_parquet
from autofis_kedro.data.raw_table import RawTable, check_columns, readable
from autofis_kedro.data.text import read_text, top_of
from autofis_kedro.data.unpacking import plain_file
from autofis_kedro.errors import UserError

IS_TEXT = {"delimited", "libfm", "libffm"}
SEPARATORS = (",", "\t", ";", "|")
"""That are tried where rows to predict are text and the training's were not."""


def open_table(file: RawFile, description: DataDescription, keys: Collection[str], folder: Path) -> RawTable | None:
    """One file's rows; None where it holds nothing at all.

    Rows to train on are written as described, or an error names both. Rows to predict, whose description has no label,
    are read as what they are.

    Args:
        file: which.
        description: of the data set.
        keys: columns to carry along.
        folder: for temporary files.

    Raises:
        UserError: names the file and what is wrong with it.
    """
    with readable(file.path):
        plain = plain_file(file.path, folder)
        kind = kind_of(plain, file.path)
        if kind == "empty":
            return None
        if kind != "parquet":
            plain = clean_lines(plain, folder, with_mark=kind == "text")
        form = _form(plain, kind, file, description)
        if isinstance(form, Parquet):
            check_parquet(plain, file.path, {*description.columns, *keys})
        table = _read(plain, file.path, form, description, file.columns, folder)
        return _with_folders(table, file.columns, {*description.columns, *keys})


def _with_folders(table: RawTable, given: FolderColumns, asked: Collection[str]) -> RawTable:
    """The table with the columns that its folders' names give: those below always, those above where asked for."""
    wanted = {*asked} - {*table.rows.collect_schema().names()}
    values = {name: value for name, value in given.above.items() if name in wanted} | {**given.below}
    rows = table.rows.drop(ROW, strict=False)
    added = [pl.lit(value, dtype=pl.String).alias(name) for name, value in values.items()]
    return replace(table, rows=rows.with_columns(added) if added else rows)


def _form(plain: Path, kind: Kind, file: RawFile, description: DataDescription) -> Format:
    """How to read the file.

    Raises:
        UserError: it is not what the description says.
    """
    form = description.format
    if kind == form.kind or (kind == "text" and form.kind in IS_TEXT):
        return form
    if description.label is not None:
        what = {"text": "text", "jsonl": "JSON lines", "parquet": "parquet"}[kind]
        way_out = "{kind: delimited, separator: ...}" if kind == "text" else f"{{kind: {kind}}}"
        raise UserError(
            f"'{file.path}' is {what} by its bytes, and the description says format kind {form.kind}; set data.format: "
            f"{way_out}, or name other files"
        )
    if kind == "text":
        return _guessed(plain, file, description)
    return Parquet() if kind == "parquet" else JsonLines()


def _guessed(plain: Path, file: RawFile, description: DataDescription) -> Delimited:
    needed = {*description.columns} - {*file.columns.below, *file.columns.above}
    for separator in SEPARATORS:
        names = top_of(CleanText(plain, separator), file.path, '"').cells
        if needed <= {*names}:
            return Delimited(separator=separator)
    raise UserError(
        f"'{file.path}' is text by its bytes, and the description says format kind {description.format.kind}; text to "
        "predict needs a header line that names the columns, separated by comma, tab, semicolon or |"
    )


def _read(
    plain: Path, name: str, form: Format, description: DataDescription, given: FolderColumns, folder: Path
) -> RawTable:
    if isinstance(form, Delimited):
        return read_text(plain, name, form, description, given, folder)
    if isinstance(form, LibFM):
        return read_libfm(plain, name, form, description, given, folder)
    if isinstance(form, LibFFM):
        return read_libffm(plain, name, form, description, given)
    if isinstance(form, JsonLines):
        return read_json_lines(plain, name, description, given)
    raw = pl.scan_parquet(plain, glob=False, hive_partitioning=False)
    check_columns(name, raw.collect_schema().names(), given, description)
    return RawTable(name, raw.with_columns(pl.lit(None, dtype=pl.String).alias(EXTRA)), form)
