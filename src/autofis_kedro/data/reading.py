"""From raw files to typed rows, streaming: a file larger than memory is never held.

polars scans, types and writes in one pass. Each typed row carries a problem code, so that bad input is found by a
cheap look at one small column, and the raw cell to show is looked up only if there is one.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import polars as pl

from autofis_kedro.data.click_model import ClickModel
from autofis_kedro.data.description import DataDescription, LibFM, Parquet
from autofis_kedro.data.files import find_files, plain_file
from autofis_kedro.data.lines import Layout, UnevenRows, uneven_rows
from autofis_kedro.data.names import EXTRA, LABEL, PROBLEM, ROW, SPLIT
from autofis_kedro.data.rows import N_FILES, SKIPPED_ROWS
from autofis_kedro.data.text import check_columns, readable, scan_text, text_columns
from autofis_kedro.data.typing import explain_problem, typed_columns
from autofis_kedro.errors import UserError

FAST: dict[str, Any] = {"compression": "lz4", "statistics": False, "row_group_size": 25_000}
"""Large row groups, and statistics that nobody reads, cost a quarter of the time. Readers hold several groups."""


@dataclass(frozen=True)
class RawRows:
    """Raw files and what they mean: a recipe that is carried out when the typed rows are written.

    Attributes:
        raw_path: file, folder, glob or URL.
        description: of the data set.
        frame: the raw rows themselves where they come from no file.
        planted: the interactions that are known to be there, by field names, in a synthetic problem.
        keys: raw columns to carry along (``typed_columns``).
        click_model: what the labels were drawn from, in a synthetic problem; of a real log nobody knows it.
    """

    raw_path: str
    description: DataDescription
    frame: pl.LazyFrame | None = None
    planted: tuple[tuple[str, ...], ...] = ()
    keys: tuple[str, ...] = ()
    click_model: ClickModel | None = None

    def write(self, path: Path) -> None:
        """Write the typed rows as parquet and check them.

        Columns: LABEL (UInt8), the fields (String, Float64 or List(String); null is missing), PROBLEM (false) and,
        where files are given per split, SPLIT (String). Read them with ``TypedRows``.

        Raises:
            UserError: names file, column, row and value of what is wrong.
        """
        skipped: list[int] = []
        with tempfile.TemporaryDirectory(prefix="raw_", dir=path.parent) as folder:
            files = self._files()
            rows = pl.concat([self._scan(file, split, Path(folder), skipped) for split, file in files], how="vertical")
            about = {N_FILES: str(len(files)), SKIPPED_ROWS: str(sum(skipped))}
            with readable(self.raw_path):
                rows.sink_parquet(path, metadata=about, engine="streaming", **FAST)
            self._check(path, Path(folder))

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

    def _scan(self, file: str, split: str | None, folder: Path, skipped: list[int]) -> pl.LazyFrame:
        raw = self._raw(file, folder, skipped)
        absent = [key for key in self.keys if key not in raw.collect_schema().names()]
        if absent:
            has = ", ".join(name for name in raw.collect_schema().names() if name != EXTRA)
            raise UserError(f"'{file}' has no column {', '.join(map(repr, absent))} to carry along; it has: {has}")
        typed = raw.select(*typed_columns(self.description, self.keys))
        return typed if split is None else typed.with_columns(pl.lit(split).alias(SPLIT))

    def _raw(self, name: str, folder: Path, skipped: list[int]) -> pl.LazyFrame:
        """Every raw column as text; the number of rows left out is appended to ``skipped``."""
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
        raw = scan_text(plain, separator, columns, quote, has_header)
        uneven = self._uneven(plain, name, Layout(separator, quote, len(columns), int(has_header)))
        if uneven.has_blank_lines:  # a filter copies every column
            raw = raw.filter(~pl.all_horizontal(pl.col(columns).is_null()))
        skipped.append(len(uneven.rows))
        if uneven.rows:
            raw = raw.filter(~pl.col(ROW).is_in([row for row, _ in uneven.rows]))
        return raw.drop(ROW)

    def _uneven(self, plain: Path, name: str, layout: Layout) -> UnevenRows:
        is_strict = self.description.on_bad_row == "error"
        uneven = uneven_rows(plain, layout)
        if is_strict:
            for row, found in uneven.rows:
                raise UserError(
                    f"'{name}', line {row + 1 + layout.n_header_lines}: {found} columns where {layout.n_columns} are "
                    "expected; mend the file, or set on_bad_row: skip"
                )
        return uneven

    def _check(self, path: Path, folder: Path) -> None:
        typed = pl.scan_parquet(path, glob=False, row_index_name=ROW)
        summary = typed.select(
            pl.len(), pl.col(PROBLEM).any(), pl.col(LABEL).min().alias("low"), pl.col(LABEL).max().alias("high")
        )
        rows, has_problem, low, high = summary.collect(engine="streaming").row(0)
        if rows == 0:
            raise UserError(f"raw_path '{self.raw_path}': no rows")
        if has_problem:
            row = typed.filter(PROBLEM).select(ROW).head(1).collect().item()
            raw = pl.concat(
                [self._raw(file, folder, []).select(*_shown(self.description)) for _, file in self._files()]
            )
            raise UserError(f"raw_path '{self.raw_path}': {explain_problem(raw, row, self.description)}")
        if low == high and self.description.label is not None:
            raise UserError(
                f"raw_path '{self.raw_path}': the label '{self.description.label.column}' is {low} in all {rows} rows; "
                "both 0 and 1 are needed"
            )


def _shown(description: DataDescription) -> list[pl.Expr]:
    label = [description.label.column] if description.label is not None else []
    names = [*label, *(f.name for f in description.fields), EXTRA]
    return [pl.col(name).cast(pl.String, strict=False) for name in names]
