"""From raw files to typed rows, streaming: a file larger than memory is never held.

polars scans, types and writes in one pass. Each typed row carries a problem code, so that bad input is found by a
cheap look at one small column, and the raw cell to show is looked up only if there is one.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from autofis_kedro.config import Frozen
from autofis_kedro.data.description import DataDescription, Delimited, LibFM, Parquet
from autofis_kedro.data.files import find_files, first_line, has_even_rows, plain_file, uneven_rows
from autofis_kedro.data.typing import EXTRA, PROBLEM, ROW, explain_problem, typed_columns
from autofis_kedro.errors import UserError

SPLIT = "split"


class IngestionReport(Frozen):
    """What was read.

    Attributes:
        files: number of raw files.
        rows: typed rows.
        positive_share: mean label.
        skipped_rows: rows with a wrong number of columns that were left out (``on_bad_row: skip``).
    """

    files: int
    rows: int
    positive_share: float
    skipped_rows: int


@dataclass(frozen=True)
class RawRows:
    """Raw files and what they mean: a recipe that is carried out when the typed rows are written.

    Attributes:
        raw_path: file, folder, glob or URL.
        description: of the data set.
        frame: the raw rows themselves where they come from no file.
        planted: the interactions that are known to be there, by field names, in a synthetic problem.
    """

    raw_path: str
    description: DataDescription
    frame: pl.LazyFrame | None = None
    planted: tuple[tuple[str, ...], ...] = ()
    skipped: dict[str, int] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write the typed rows as parquet and check them.

        Columns: row (UInt32), label (UInt8), the fields (String, Float64 or List(String); null is missing) and, where
        files are given per split, split (String).

        Raises:
            UserError: names file, column, row and value of what is wrong.
        """
        with tempfile.TemporaryDirectory(prefix="raw_", dir=path.parent) as folder:
            parts = [self._scan(file, split, Path(folder)) for split, file in self._files()]
            rows = pl.concat(parts, how="vertical").with_row_index(ROW)
            with readable(self.raw_path):
                rows.sink_parquet(path, compression="lz4", engine="streaming")
            self._check(path, Path(folder))

    def report(self, typed: pl.LazyFrame) -> IngestionReport:
        """What the typed rows hold."""
        rows, share = typed.select(pl.len(), pl.col("label").mean()).collect(engine="streaming").row(0)
        skipped = sum(self.skipped.values())
        return IngestionReport(files=len(self._files()), rows=rows, positive_share=share, skipped_rows=skipped)

    def _files(self) -> list[tuple[str | None, str]]:
        if self.frame is not None:
            return [(None, self.raw_path)]
        if self.description.split_files is None:
            return [(None, file) for file in find_files(self.raw_path, self.description.files)]
        found = find_files(self.raw_path, "*")
        files: list[tuple[str | None, str]] = []
        for split, pattern in self.description.split_files.items():
            matching = [file for file in found if fnmatch(Path(file).name, pattern)]
            if not matching:
                raise UserError(f"raw_path '{self.raw_path}': no file for the {split} rows matches '{pattern}'")
            files += [(split, file) for file in matching]
        return files

    def _scan(self, file: str, split: str | None, folder: Path) -> pl.LazyFrame:
        raw = self._raw(file, folder)
        typed = raw.select(*typed_columns(self.description))
        return typed if split is None else typed.with_columns(pl.lit(split).alias(SPLIT))

    def _raw(self, name: str, folder: Path) -> pl.LazyFrame:
        nothing_extra = pl.lit(None, dtype=pl.String).alias(EXTRA)
        if self.frame is not None:
            return self.frame.with_columns(nothing_extra)
        plain, form = plain_file(name, folder), self.description.format
        if isinstance(form, Parquet):
            with readable(name):
                raw = pl.scan_parquet(plain)
                check_columns(name, raw.collect_schema().names(), self.description)
            return raw.with_columns(nothing_extra)
        separator, quote = (" ", None) if isinstance(form, LibFM) else (form.separator, form.quote)
        columns, has_header = text_columns(plain, name, self.description)
        bad = self._bad_rows(plain, name, separator, len(columns), quote, has_header)
        raw = scan_text(plain, separator, columns, quote, has_header)
        if bad is None:  # a filter would copy every column
            return raw.drop(ROW)
        is_blank_line = pl.all_horizontal(pl.col(columns).is_null())
        return raw.filter(~is_blank_line, ~pl.col(ROW).is_in(bad)).drop(ROW)

    def _bad_rows(
        self, plain: Path, name: str, separator: str, n_columns: int, quote: str | None, has_header: bool
    ) -> list[int] | None:
        """Rows to leave out; None if the file is even, without blank lines."""
        is_strict = self.description.on_bad_row == "error"
        if is_strict and has_even_rows(plain, separator, n_columns, quote):
            return None
        uneven = uneven_rows(plain, separator, n_columns, quote, int(has_header))
        if is_strict:
            for row, found in uneven:
                raise UserError(
                    f"'{name}', line {row + 1 + has_header}: {found} columns where {n_columns} are expected; mend the "
                    "file, or set on_bad_row: skip"
                )
            return []
        bad = [row for row, _ in uneven]
        self.skipped[name] = len(bad)
        return bad

    def _check(self, path: Path, folder: Path) -> None:
        typed = pl.scan_parquet(path)
        summary = typed.select(
            pl.len(), pl.col(PROBLEM).max(), pl.col("label").min().alias("low"), pl.col("label").max().alias("high")
        )
        rows, worst, low, high = summary.collect(engine="streaming").row(0)
        if rows == 0:
            raise UserError(f"raw_path '{self.raw_path}': no rows")
        if worst:
            row = typed.filter(pl.col(PROBLEM) > 0).select(ROW, PROBLEM).head(1).collect().row(0)
            raw = pl.concat([self._raw(file, folder).select(*_shown(self.description)) for _, file in self._files()])
            raise UserError(f"raw_path '{self.raw_path}': {explain_problem(raw, row[0], row[1], self.description)}")
        if low == high:
            raise UserError(
                f"raw_path '{self.raw_path}': the label '{self.description.label.column}' is {low} in all {rows} rows; "
                "both 0 and 1 are needed"
            )


def _shown(description: DataDescription) -> list[pl.Expr]:
    names = [description.label.column, *(f.name for f in description.fields), EXTRA]
    return [pl.col(name).cast(pl.String, strict=False) for name in names]


def text_columns(plain: Path, name: str, description: DataDescription) -> tuple[list[str], bool]:
    """Column names of a text file, and whether its first line is a header.

    Raises:
        UserError: a missing or extra column, or another number of columns than described.
    """
    line, form = first_line(plain), description.format
    if isinstance(form, LibFM):
        expected = [description.label.column, *form.columns]
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
        UserError: names the missing, extra or repeated columns.
    """
    missing = [column for column in description.columns if column not in found]
    extra = [column for column in found if column not in description.columns]
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
