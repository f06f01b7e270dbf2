"""A raw file opened: its rows as raw columns, how it was read, and what of it was left out."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars.exceptions import PanicException, PolarsError

from autofis_kedro.data.description import DataDescription
from autofis_kedro.data.files import FolderColumns
from autofis_kedro.data.formats import Format
from autofis_kedro.data.lines import blocks
from autofis_kedro.data.names import refusal
from autofis_kedro.errors import UserError


@dataclass(frozen=True)
class RawTable:
    """Rows of one file.

    Attributes:
        name: how the user calls the file.
        rows: every raw column, as text or as parquet types it, and ``EXTRA`` (what lies beyond the last column).
        form: how the file was read.
        skipped: rows that were left out because of their number of columns (``on_bad_row: skip``).
        blank: blank lines, which are no rows.
        text: the file that the parser reads, where it is text.
    """

    name: str
    rows: pl.LazyFrame
    form: Format
    skipped: int = 0
    blank: int = 0
    text: Path | None = None


def check_columns(name: str, found: Sequence[str], given: FolderColumns, description: DataDescription) -> None:
    """Check a file's columns against the description; rows to predict (without label) may have more.

    Raises:
        UserError: names the missing, extra, repeated or reserved columns.
    """
    for column in (*found, *given.below):
        if reason := refusal(column):
            raise UserError(f"'{name}' has a column '{column}': {reason}; give it another name")
    missing = [column for column in description.columns if column not in {*found, *given.below, *given.above}]
    known = {*description.columns, *description.optional}
    extra = [column for column in (*found, *given.below) if column not in known and description.label is not None]
    twice = sorted({column for column in found if list(found).count(column) > 1} | {*found} & {*given.below})
    if missing:
        raise UserError(
            f"'{name}' has no column {', '.join(map(repr, missing))}; it has: {', '.join([*found, *given.below])}"
        )
    if extra:
        raise UserError(
            f"'{name}' has columns that are not described: {', '.join(map(repr, extra))}; make them fields or list "
            "them under drop"
        )
    if twice:
        where = " (its folder's name gives it, too)" if {*twice} & {*given.below} else ""
        raise UserError(f"'{name}' has more than one column named {', '.join(map(repr, twice))}{where}")


@contextmanager
def readable(what: str, tables: Sequence[RawTable] = ()) -> Iterator[None]:
    """Turn errors of polars and of the file system into one clear message.

    Args:
        what: the file.
        tables: several files that are read together; that which cannot be read is named.
    """
    try:
        yield
    except (PolarsError, PanicException, OSError) as error:
        text = _said(error)
        if (isinstance(error, OSError) and error.errno == errno.ENOSPC) or "No space left" in text:
            raise UserError(
                f"no space left on the disk while writing what was read from '{what}' ({os.strerror(errno.ENOSPC)})"
            ) from error
        broken = next((found for table in tables if (found := _failure(table))), None)
        raise broken or UserError(f"'{what}' cannot be read: {text}") from error


def _said(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _failure(table: RawTable) -> UserError | None:
    """Why a file cannot be read, found by reading it alone."""
    try:
        table.rows.select(pl.all().null_count()).collect(engine="streaming")
    except (PolarsError, PanicException) as error:
        line = None if table.text is None else _line_that_is_no_utf8(table.text)
        if line is not None:
            return UserError(f"'{table.name}', line {line}: not UTF-8; convert the file (iconv -f LATIN1 -t UTF-8)")
        return UserError(f"'{table.name}' cannot be read: {_said(error)}")
    return None


def _line_that_is_no_utf8(text: Path) -> int | None:
    first_line = 1
    for block, _ in blocks(text):
        held = block.tobytes()
        try:
            held.decode("utf-8")
        except UnicodeDecodeError as error:
            return first_line + held.count(b"\n", 0, error.start)
        first_line += held.count(b"\n")
    return None
