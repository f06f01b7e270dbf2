"""Delimited and libfm text as raw columns, each row and each quote checked first."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from autofis_kedro.data.byte_scan import AFTER_QUOTE, LONE_RETURN, NO_FAULT, NUL, OPEN_QUOTE, STRAY_QUOTE
from autofis_kedro.data.cleaning import CleanText, clean_text
from autofis_kedro.data.description import DataDescription
from autofis_kedro.data.files import FolderColumns
from autofis_kedro.data.formats import Delimited
from autofis_kedro.data.lines import IrregularRows, Layout, irregular_rows
from autofis_kedro.data.names import EXTRA, ROW
from autofis_kedro.data.raw_table import RawTable, check_columns
from autofis_kedro.errors import UserError

LONGEST = 64 << 20
"""Characters of a line that may be a header."""
_READS_IT = 'where the file quotes nothing, quote: "" under format reads it; where it does, mend the file'
_LONE = "a carriage return alone, where other lines end with a line feed; mend the file"


@dataclass(frozen=True)
class Top:
    """The first row of a text file.

    Attributes:
        cells: of it.
        n_rows: blank lines before it, and it.
        n_lines: lines of the file that these are.
    """

    cells: list[str]
    n_rows: int
    n_lines: int


def top_of(text: CleanText, name: str, quote: str | None) -> Top:
    """The first row that is no blank line, read by the rules of all rows.

    Raises:
        UserError: there is none, or no text in UTF-8.
    """
    reader = csv.reader(
        _lines(text.path),
        delimiter=text.separator,
        quotechar=quote,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        strict=True,
    )
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST))
    try:
        for number, cells in enumerate(reader, 1):
            if cells:
                "".join(cells).encode()
                restored = [cell.replace(text.separator, text.original or text.separator) for cell in cells]
                return Top(restored, number, reader.line_num)
    except UnicodeEncodeError as error:
        raise UserError(f"'{name}', line {reader.line_num}: not UTF-8; convert the file") from error
    except csv.Error as error:
        what = f"{error}; {_READS_IT}" if quote and "expected after" in str(error) else str(error)
        raise UserError(f"'{name}', line {max(reader.line_num, 1)}: {_LONE if 'new-line' in what else what}") from error
    raise UserError(f"'{name}' is empty: no rows")


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig", newline="\n", errors="surrogateescape") as file:
        while line := file.readline(LONGEST):
            yield line


def read_text(
    plain: Path, name: str, form: Delimited, description: DataDescription, given: FolderColumns, folder: Path
) -> RawTable:
    """Every cell as text, the parser's number of the row as ``ROW``, and what lies beyond the last column as ``EXTRA``.

    Args:
        plain: the unpacked file.
        name: how the user calls it.
        form: how it is written.
        description: of the data set.
        given: columns that its folders' names give.
        folder: for temporary files.

    Raises:
        UserError: names the line and what is wrong with it or with the columns.
    """
    text = clean_text(plain, name, form, folder)
    top = top_of(text, name, form.quote)
    has_header = form.columns is None
    columns = top.cells if has_header else list(form.columns or ())
    try:
        check_columns(name, columns, given, description)
    except UserError as error:
        raise UserError(f"{error}{_hint(top.cells, form, description) if has_header else ''}") from error
    header = (top.n_rows, top.n_lines) if has_header else (0, 0)
    layout = Layout(text.separator, form.quote, len(columns), *header)
    found = irregular_rows(text.path, layout)
    _check(found, name, layout, columns, is_strict=description.on_bad_row == "error")
    rows = _scan(text, columns, form.quote, layout.n_header_lines, found)
    return RawTable(name, rows, form, skipped=len(found.rows), blank=len(found.blank), text=text.path)


def _hint(names: Sequence[str], form: Delimited, description: DataDescription) -> str:
    """What of the format may be the reason for wrong columns."""
    wanted = set(description.columns)
    if not form.strip and wanted <= {name.strip() for name in names}:
        return "; the names have blanks around them: set strip: true under format, which takes them off the cells, too"
    others = [one for one in (",", "\t", ";", "|") if one != form.separator and wanted <= set(names[0].split(one))]
    return f"; the separator seems to be {others[0]!r}" if others and len(names) == 1 else ""


def _check(found: IrregularRows, name: str, layout: Layout, columns: Sequence[str], *, is_strict: bool) -> None:
    kind, line, cell = found.fault
    uneven = found.rows[0] if found.rows and is_strict else None
    if kind != NO_FAULT and (uneven is None or line <= uneven[2]):
        place = f"line {line}, column {cell}" + (f" ('{columns[cell - 1]}')" if cell <= len(columns) else "")
        raise UserError(f"'{name}', {place}: {_fault(kind, layout.quote)}")
    if uneven is not None:
        raise UserError(
            f"'{name}', line {uneven[2]}: {uneven[1]} columns where {layout.n_columns} are expected "
            f"({', '.join(columns[:6])}{', ...' if len(columns) > 6 else ''}); mend the file, or set on_bad_row: skip"
        )


def _fault(kind: int, quote: str | None) -> str:
    return {
        STRAY_QUOTE: f"a quote {quote} within a cell that does not begin with one; {_READS_IT} (double the quote)",
        AFTER_QUOTE: f"text behind the closing quote {quote}; {_READS_IT}",
        OPEN_QUOTE: f"the cell begins with a quote {quote} that nothing closes to the end of the file; {_READS_IT}",
        LONE_RETURN: _LONE,
        NUL: "a NUL byte; the file is damaged, or no text",
    }[kind]


def _scan(
    text: CleanText, columns: Sequence[str], quote: str | None, n_skipped: int, found: IrregularRows
) -> pl.LazyFrame:
    raw = pl.scan_csv(
        text.path,
        separator=text.separator,
        quote_char=quote,
        has_header=False,
        skip_lines=n_skipped,
        schema=dict.fromkeys([*columns, EXTRA], pl.String),
        missing_columns="insert",
        extra_columns="ignore",
        row_index_name=ROW,
        glob=False,
    )
    left_out = [*(row for row, _, _ in found.rows), *found.blank.tolist()]
    if left_out:
        raw = raw.filter(~pl.col(ROW).is_in(pl.Series(left_out, dtype=pl.UInt32).implode()))
    if text.original is not None and quote is not None:
        raw = raw.with_columns(pl.col(columns).str.replace_all(text.separator, text.original, literal=True))
    return raw
