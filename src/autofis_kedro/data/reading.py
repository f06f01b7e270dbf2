"""From raw files to typed rows, streaming: a file larger than memory is never held.

polars scans, types and writes in one pass. Each typed row carries a problem code, so that bad input is found by a
cheap look at one small column, and the raw cell to show is looked up only if there is one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from autofis_kedro.data.click_model import ClickModel
from autofis_kedro.data.description import DataDescription
from autofis_kedro.data.files import RawFile, find_files, matching
from autofis_kedro.data.names import EXTRA, LABEL, PROBLEM, ROW, SPLIT
from autofis_kedro.data.opening import open_table
from autofis_kedro.data.raw_table import RawTable, readable
from autofis_kedro.data.rows import BLANK_LINES, N_FILES, SKIPPED_ROWS
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
        with tempfile.TemporaryDirectory(prefix="raw_", dir=path.parent) as folder:
            tables = self._tables(Path(folder))
            rows = pl.concat([self._typed(table, split) for split, table in tables], how="vertical")
            about = {
                N_FILES: str(len(tables)),
                SKIPPED_ROWS: str(sum(table.skipped for _, table in tables)),
                BLANK_LINES: str(sum(table.blank for _, table in tables)),
            }
            with readable(self.raw_path, [table for _, table in tables]):
                rows.sink_parquet(path, metadata=about, engine="streaming", **FAST)
            self._check(path, [table for _, table in tables])

    def _tables(self, folder: Path) -> list[tuple[str | None, RawTable]]:
        """Every file that holds anything, opened, with its split where files are given per split."""
        nothing_extra = pl.lit(None, dtype=pl.String).alias(EXTRA)
        if self.frame is not None:
            return [(None, RawTable(self.raw_path, self.frame.with_columns(nothing_extra), self.description.format))]
        opened = [(split, open_table(file, self.description, self.keys, folder)) for split, file in self._files()]
        tables = [(split, table) for split, table in opened if table is not None]
        if tables:
            return tables
        if self.description.label is not None:
            raise UserError(f"'{self.raw_path}' is empty: no rows")
        columns = dict.fromkeys((*self.description.columns, *self.keys, EXTRA), pl.String)
        return [(None, RawTable(self.raw_path, pl.LazyFrame(schema=columns), self.description.format))]

    def _files(self) -> list[tuple[str | None, RawFile]]:
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

    def _typed(self, table: RawTable, split: str | None) -> pl.LazyFrame:
        has = table.rows.collect_schema().names()
        absent = [key for key in self.keys if key not in has]
        if absent:
            named = ", ".join(name for name in has if name != EXTRA)
            raise UserError(
                f"'{table.name}' has no column {', '.join(map(repr, absent))} to carry along; it has: {named}"
            )
        as_read = self.description.model_copy(update={"format": table.form})
        typed = table.rows.select(*typed_columns(as_read, self.keys))
        return typed if split is None else typed.with_columns(pl.lit(split).alias(SPLIT))

    def _check(self, path: Path, tables: Sequence[RawTable]) -> None:
        typed = pl.scan_parquet(path, glob=False, row_index_name=ROW)
        summary = typed.select(
            pl.len(), pl.col(PROBLEM).any(), pl.col(LABEL).min().alias("low"), pl.col(LABEL).max().alias("high")
        )
        rows, has_problem, low, high = summary.collect(engine="streaming").row(0)
        if rows == 0 and self.description.label is not None:
            raise UserError(f"raw_path '{self.raw_path}': no rows")
        if has_problem:
            row = typed.filter(PROBLEM).select(ROW).head(1).collect().item()
            raw = pl.concat([table.rows.select(*_shown(self.description)) for table in tables])
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
