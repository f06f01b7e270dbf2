"""From raw files to typed rows, streaming: a file larger than memory is never held.

polars scans, types and writes in one pass. Each typed row carries whether it has a problem, so that bad input is found
by a cheap look at one small column, and the raw cell to show is looked up only if there is one.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from autofis_kedro.data.click_model import ClickModel
from autofis_kedro.data.description import DataDescription
from autofis_kedro.data.files import RawFile, find_files, matching
from autofis_kedro.data.names import EXTRA, LABEL, PROBLEM, ROW, SPLIT
from autofis_kedro.data.opening import open_table
from autofis_kedro.data.order import SplitColumn, format_of
from autofis_kedro.data.raw_table import RawTable, readable
from autofis_kedro.data.rows import BLANK_LINES, N_FILES, SKIPPED, SPLIT_BY
from autofis_kedro.data.typing import FINE, TOO_LONG, RowTyping, reason
from autofis_kedro.errors import UserError

FAST: dict[str, Any] = {
    "compression": "lz4",
    "statistics": {"min": False, "max": False, "distinct_count": False, "null_count": True},
    "row_group_size": 25_000,
}
"""Large row groups, and statistics that nobody reads, cost a quarter of the time. Readers hold several groups."""


@dataclass(frozen=True)
class RawRows:
    """Raw files and what they mean: a recipe that is carried out when the typed rows are written.

    Attributes:
        raw_path: file, folder, glob or URL.
        description: of the data set.
        frame: the raw rows themselves where they come from no file.
        planted: the interactions that are known to be there, by field names, in a synthetic problem.
        keys: raw columns to carry along (``RowTyping``).
        click_model: what the labels were drawn from, in a synthetic problem; of a real log nobody knows it.
        split: the column by which the rows are split, where one is; it need not be described.
    """

    raw_path: str
    description: DataDescription
    frame: pl.LazyFrame | None = None
    planted: tuple[tuple[str, ...], ...] = ()
    keys: tuple[str, ...] = ()
    click_model: ClickModel | None = None
    split: SplitColumn | None = None

    def write(self, path: Path) -> None:
        """Write the typed rows as parquet and check them.

        Columns: LABEL (UInt8), the fields (String, Float64 or List(String); null is missing), PROBLEM (false or 0),
        SPLIT (String) where splits are given and ORDER where a column gives the time. Read them with ``TypedRows``.

        Raises:
            UserError: names file, column, row and value of what is wrong.
        """
        with tempfile.TemporaryDirectory(prefix="raw_", dir=path.parent) as folder:
            tables = self._tables(Path(folder))
            splitting = self._split_column([table for _, table in tables])
            typings = [self._typing(table, splitting) for _, table in tables]
            skips = self.description.on_bad_row == "skip"
            typed = [
                _typed(table, typing, split, with_reason=skips)
                for (split, table), typing in zip(tables, typings, strict=True)
            ]
            about = {
                N_FILES: str(len(tables)),
                BLANK_LINES: str(sum(table.blank for _, table in tables)),
                SPLIT_BY: self.split.model_dump_json() if self.split else "",
            }
            skipped = {reason(TOO_LONG, self.description): n for n in [sum(table.skipped for _, table in tables)] if n}
            with readable(self.raw_path, [table for _, table in tables]):
                _sink(pl.concat(typed, how="vertical"), path, about | {SKIPPED: json.dumps(skipped)})
            if skips:
                counts = _count_problems(path, self.description)
                skipped = {name: skipped.get(name, 0) + counts.get(name, 0) for name in {**skipped, **counts}}
                if counts:
                    self._leave_out(path, Path(folder), about | {SKIPPED: json.dumps(skipped)})
            self._check(path, typings, [table for _, table in tables], skipped)

    def _tables(self, folder: Path) -> list[tuple[str | None, RawTable]]:
        """Every file that holds anything, opened, with its split where files are given per split."""
        nothing_extra = pl.lit(None, dtype=pl.String).alias(EXTRA)
        if self.frame is not None:
            return [(None, RawTable(self.raw_path, self.frame.with_columns(nothing_extra), self.description.format))]
        described = self.description.with_column(self.split.column) if self.split else self.description
        opened = [(split, open_table(file, described, self.keys, folder)) for split, file in self._files()]
        tables = [(split, table) for split, table in opened if table is not None]
        if tables:
            return tables
        if self.description.label is not None:
            raise UserError(f"'{self.raw_path}' is empty: no rows")
        columns = dict.fromkeys((*self.description.columns, *self.keys, EXTRA), pl.String)
        return [(None, RawTable(self.raw_path, pl.LazyFrame(schema=columns), self.description.format))]

    def _files(self) -> list[tuple[str | None, RawFile]]:
        if self.description.split_files is not None and self.split is not None and self.split.method == "given":
            raise UserError(
                f"the splits are given twice: by split_files and by split.column '{self.split.column}'; leave one out"
            )
        if self.description.split_files is None:
            return [(None, file) for file in find_files(self.raw_path, self.description.files)]
        found = find_files(self.raw_path)
        files: dict[RawFile, str] = {}
        for split, pattern in self.description.split_files.items():
            chosen = matching(found, pattern)
            if not chosen:
                raise UserError(f"raw_path '{self.raw_path}': no file for the {split} rows matches '{pattern}'")
            for file in chosen:
                if file in files:
                    raise UserError(
                        f"split_files: '{file.path}' would hold {files[file]} rows and {split} rows; each file matches "
                        "one pattern"
                    )
                files[file] = split
        return [(split, file) for file, split in files.items()]

    def _split_column(self, tables: Sequence[RawTable]) -> SplitColumn | None:
        """What splits the rows, with a format: that of the field, or what the first value of text looks like."""
        split = self.split
        if split is None or split.method == "given" or split.format is not None:
            return split
        described = {field.name: field for field in self.description.fields}.get(split.column)
        if described is not None and described.kind == "timestamp":
            return split.model_copy(update={"format": described.format})
        for table in tables:
            if table.rows.collect_schema()[split.column] != pl.String:
                continue
            text = self._typing(table, None).source(split.column).text().drop_nulls()
            with readable(table.name):
                first = table.rows.select(text).head(1).collect(engine="streaming")
            if len(first):
                return split.model_copy(update={"format": format_of(first.item())})
        return split

    def _typing(self, table: RawTable, split: SplitColumn | None) -> RowTyping:
        types = table.rows.collect_schema()
        needed = {*self.description.columns, *([split.column] if split else [])}
        for columns, what in ((self.keys, " to carry along"), (sorted(needed), "")):
            absent = [column for column in columns if column not in types]
            if absent:
                has = ", ".join(name for name in types.names() if name != EXTRA)
                raise UserError(f"'{table.name}' has no column {', '.join(map(repr, absent))}{what}; it has: {has}")
        return RowTyping(self.description, types, table.form, table.name, split, self.keys)

    def _leave_out(self, path: Path, folder: Path, about: dict[str, str]) -> None:
        """Write the typed rows anew without those that have a problem."""
        kept = folder / "kept.parquet"
        with readable(self.raw_path):
            _sink(pl.scan_parquet(path, glob=False).filter(pl.col(PROBLEM) == FINE), kept, about)
        kept.replace(path)

    def _check(
        self, path: Path, typings: Sequence[RowTyping], tables: Sequence[RawTable], skipped: Mapping[str, int]
    ) -> None:
        typed = pl.scan_parquet(path, glob=False)
        has_problem = pl.col(PROBLEM).cast(pl.Boolean).any()
        summary = typed.select(
            pl.len(), has_problem, pl.col(LABEL).min().alias("low"), pl.col(LABEL).max().alias("high")
        )
        rows, has_problem, low, high = summary.collect(engine="streaming").row(0)
        if rows == 0 and self.description.label is not None:
            left_out = ", ".join(f"{name} {n:,}" for name, n in skipped.items())
            raise UserError(
                f"raw_path '{self.raw_path}': no rows" + (f" are left; skipped: {left_out}" if skipped else "")
            )
        if has_problem:
            raise _first_problem(typings, tables)
        if low == high and self.description.label is not None:
            raise UserError(
                f"raw_path '{self.raw_path}': the label '{self.description.label.column}' is {low} in all {rows} rows; "
                "both 0 and 1 are needed"
            )


def _typed(table: RawTable, typing: RowTyping, split: str | None, *, with_reason: bool) -> pl.LazyFrame:
    typed = table.rows.select(*typing.columns(with_reason=with_reason))
    return typed if split is None else typed.with_columns(pl.lit(split).alias(SPLIT))


def _sink(rows: pl.LazyFrame, path: Path, about: dict[str, str]) -> None:
    rows.sink_parquet(path, metadata=about, engine="streaming", **FAST)


def _count_problems(path: Path, description: DataDescription) -> dict[str, int]:
    """Rows with a problem, each counted once, by what is wrong."""
    found = pl.scan_parquet(path, glob=False).group_by(PROBLEM).len().sort(PROBLEM).collect(engine="streaming")
    return {reason(code, description): n for code, n in found.iter_rows() if code != FINE}


def _first_problem(typings: Sequence[RowTyping], tables: Sequence[RawTable]) -> UserError:
    """The first row with a problem, looked up in the raw rows."""
    for typing, table in zip(typings, tables, strict=True):
        is_bad = pl.any_horizontal(*typing.problems().values()).fill_null(False)
        row = table.rows.with_row_index(ROW).filter(is_bad).head(1).collect(engine="streaming")
        if len(row):
            return UserError(f"'{table.name}', row {row[ROW].item() + 1}: {typing.explain(row)}")
    raise AssertionError("a row has a problem that no row has")
