"""Rows of a text file with the wrong number of columns.

The parser fills short rows up without a word, so the separators of every line are counted first, streaming.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl

from autofis_kedro.errors import UserError

LINE, SEPARATORS = "line", "separators"


@dataclass(frozen=True)
class Layout:
    """How the lines of a text file hold cells.

    Attributes:
        separator: between cells.
        quote: around cells, or None.
        n_columns: expected.
        n_header_lines: 0 or 1.
    """

    separator: str
    quote: str | None
    n_columns: int
    n_header_lines: int


@dataclass(frozen=True)
class UnevenRows:
    """What is irregular in a file; row numbers are the parser's, from 0, blank lines counted.

    Attributes:
        rows: (row, number of columns) of rows that are too short or too long.
        has_blank_lines: which are no rows, and no mistake.
    """

    rows: tuple[tuple[int, int], ...]
    has_blank_lines: bool


def uneven_rows(path: Path, layout: Layout, at_most: int | None = None) -> UnevenRows:
    """Find rows with another number of columns.

    Args:
        path: of a plain file.
        layout: of its lines.
        at_most: so many are enough.

    Raises:
        UserError: a line that is not UTF-8, where cells reach over several lines.
    """
    counted = _counted(path, layout)  # the header line is even, or its columns would not be known
    is_blank, is_open = pl.col(LINE).str.strip_chars_end("\r") == "", pl.col("quotes") % 2 == 1
    is_uneven = ~is_blank & (pl.col(SEPARATORS) != layout.n_columns - 1)
    summary = counted.select(
        is_blank.sum().alias("blank"), is_open.sum().alias("open"), is_uneven.sum().alias("uneven")
    )
    blank, open_lines, uneven = summary.collect(engine="streaming").row(0)
    if open_lines:
        return _by_parsing(path, layout, at_most)
    rows: list[tuple[int, int]] = []
    if uneven:
        row = pl.col("line_number") - layout.n_header_lines
        found = counted.with_row_index("line_number").filter(is_uneven).select(row.alias("row"), pl.col(SEPARATORS) + 1)
        found = found.head(at_most) if at_most else found
        rows = found.collect(engine="streaming").sort("row").rows()
    return UnevenRows(tuple(rows), bool(blank))


def _counted(path: Path, layout: Layout) -> pl.LazyFrame:
    """Each line with its separators outside quotes, and its quotes."""
    line = pl.col(LINE)
    quotes = pl.lit(0) if layout.quote is None else line.str.count_matches(layout.quote, literal=True)
    if layout.quote is not None:
        quote = re.escape(layout.quote)
        line = pl.when(quotes > 0).then(line.str.replace_all(f"{quote}[^{quote}]*{quote}", "")).otherwise(line)
    separators = line.str.count_matches(layout.separator, literal=True).cast(pl.Int64)
    return pl.scan_lines(path, name=LINE).with_columns(separators.alias(SEPARATORS), quotes.alias("quotes"))


def _by_parsing(path: Path, layout: Layout, at_most: int | None) -> UnevenRows:
    """The same with Python's parser, for cells that hold line ends: slower by far, and exact."""
    has_blank = False
    rows = []
    for number, n_cells in _lengths(path, layout):
        has_blank |= not n_cells
        if n_cells and n_cells != layout.n_columns:
            rows.append((number, n_cells))
            if len(rows) == at_most:
                break
    return UnevenRows(tuple(rows), has_blank)


def _lengths(path: Path, layout: Layout) -> Iterator[tuple[int, int]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(
                islice(file, layout.n_header_lines, None), delimiter=layout.separator, quotechar=layout.quote or '"'
            )
            for number, cells in enumerate(reader):
                yield number, len(cells)
    except UnicodeDecodeError as error:
        raise UserError(f"'{path}': not UTF-8 (byte {error.start}: {error.reason}); convert the file") from error
    except csv.Error as error:
        raise UserError(f"'{path}' cannot be read: {error}") from error
