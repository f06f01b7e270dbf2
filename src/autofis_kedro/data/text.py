"""Text and parquet files as raw columns, and what can be wrong with a file as a whole."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from autofis_kedro.data.description import DataDescription, Delimited, LibFM
from autofis_kedro.data.files import first_line
from autofis_kedro.data.names import EXTRA, ROW, refusal
from autofis_kedro.errors import UserError


def text_columns(plain: Path, name: str, description: DataDescription) -> tuple[list[str], bool]:
    """Column names of a text file, and whether its first line is a header.

    Raises:
        UserError: a missing or extra column, or another number of columns than described.
    """
    line, form = first_line(plain), description.format
    if isinstance(form, LibFM):
        expected = [description.label.column if description.label else "label", *form.columns]
        found = len(line.split(" "))
    elif isinstance(form, Delimited) and form.columns is not None:
        expected = list(form.columns)
        found = len(line.split(form.separator))
    else:
        assert isinstance(form, Delimited)
        names = [cell.strip(form.quote or "") for cell in line.split(form.separator)]
        check_columns(name, names, description)
        return names, True
    if found != len(expected) and description.on_bad_row == "error":
        raise UserError(f"'{name}', line 1: {found} columns where {len(expected)} are described: {', '.join(expected)}")
    check_columns(name, expected, description)
    return expected, False


def check_columns(name: str, found: Sequence[str], description: DataDescription) -> None:
    """Check a file's columns against the description.

    Raises:
        UserError: names the missing, extra, repeated or reserved columns.
    """
    for column in found:
        if reason := refusal(column):
            raise UserError(f"'{name}' has a column '{column}': {reason}; give it another name")
    missing = [column for column in description.columns if column not in found]
    known = {*description.columns, *description.optional}
    extra = [column for column in found if column not in known]
    twice = sorted({column for column in found if list(found).count(column) > 1})
    if missing:
        raise UserError(f"'{name}' has no column {', '.join(map(repr, missing))}; it has: {', '.join(found)}")
    if extra:
        raise UserError(
            f"'{name}' has columns that are not described: {', '.join(map(repr, extra))}; make them fields or list "
            "them under drop"
        )
    if twice:
        raise UserError(f"'{name}' has more than one column named {', '.join(map(repr, twice))}")


def scan_text(plain: Path, separator: str, columns: Sequence[str], quote: str | None, has_header: bool) -> pl.LazyFrame:
    """Every cell as text, a row number, and what lies beyond the last column as ``EXTRA``."""
    return pl.scan_csv(
        plain,
        separator=separator,
        quote_char=quote,
        has_header=False,
        skip_rows=int(has_header),
        schema=dict.fromkeys([*columns, EXTRA], pl.String),
        missing_columns="insert",
        extra_columns="ignore",
        row_index_name=ROW,
    )


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Turn errors of polars and of the file system into one clear message."""
    try:
        yield
    except (PolarsError, OSError) as error:
        text = str(error).splitlines()[0]
        if "utf-8" in text.lower() or "utf8" in text.lower():
            raise UserError(f"'{what}' is not UTF-8; convert the file") from error
        if (isinstance(error, OSError) and error.errno == 28) or "No space left" in text:
            raise UserError(
                f"no space left on the disk while writing what was read from '{what}' ({os.strerror(28)})"
            ) from error
        raise UserError(f"'{what}' cannot be read: {text}") from error
