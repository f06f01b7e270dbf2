"""Typed rows on disk, and the splits as views of them: no row is written twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from pyarrow.parquet import ParquetFile

from autofis_kedro.config import Frozen
from autofis_kedro.data.names import LABEL, PREFIX, PROBLEM, ROW
from autofis_kedro.data.order import SplitColumn
from autofis_kedro.data.splitting import Assignment
from autofis_kedro.errors import UserError

N_FILES, SKIPPED, BLANK_LINES, SPLIT_BY = "autofis_files", "autofis_skipped", "autofis_blank_lines", "autofis_split_by"
"""Keys in the file's own metadata."""


SHOWN = 8


class IngestionReport(Frozen):
    """What was read; ``rows_read`` is ``rows`` and what was skipped.

    Attributes:
        files: number of raw files.
        rows: typed rows.
        positive_share: mean label.
        skipped_rows: rows that were left out (``on_bad_row: skip``).
        blank_lines: of text files; they are no rows.
        rows_read: of all files.
        skipped: rows that were left out, by the first thing that is wrong with them.
        missing: rows without a value, by field.
    """

    files: int
    rows: int
    positive_share: float
    skipped_rows: int
    blank_lines: int = 0
    rows_read: int = 0
    skipped: Mapping[str, int] = {}
    missing: Mapping[str, int] = {}

    def line(self) -> str:
        """All of it in one line."""
        parts = [f"{self.rows_read:,} rows read from {self.files} file{'s' * (self.files != 1)}"]
        if self.skipped:
            reasons = ", ".join(f"{name} {n:,}" for name, n in self.skipped.items())
            parts.append(f"{self.skipped_rows:,} skipped ({reasons}), {self.rows:,} kept")
        if self.blank_lines:
            parts.append(f"{self.blank_lines:,} blank lines")
        parts.append(f"label 1 in {self.positive_share:.2%}")
        missing = {name: n for name, n in self.missing.items() if n}
        shown = [f"{name} {n / self.rows:.2%}" for name, n in list(missing.items())[:SHOWN]]
        if shown:
            parts.append(f"missing: {', '.join(shown)}" + ", ..." * (len(missing) > SHOWN))
        return "; ".join(parts)


@dataclass(frozen=True)
class TypedRows:
    """A parquet file that ``RawRows.write`` made."""

    path: Path

    def scan(self) -> pl.LazyFrame:
        """ROW (UInt32, its number from 0), LABEL, the fields, and SPLIT where files are given per split.

        Raises:
            UserError: the file is gone, or an earlier release wrote it.
        """
        if not self.path.exists():
            raise UserError(f"typed rows '{self.path}' are gone: run the pipeline 'ingestion' again")
        rows = pl.scan_parquet(self.path, glob=False, row_index_name=ROW)
        if LABEL not in rows.collect_schema():
            raise UserError(f"typed rows '{self.path}' are of an earlier release: run the pipeline 'ingestion' again")
        return rows.drop(PROBLEM)

    def report(self) -> IngestionReport:
        """What the file holds, and what was left out of it."""
        rows, share = self.scan().select(pl.len(), pl.col(LABEL).mean()).collect(engine="streaming").row(0)
        about = pl.read_parquet_metadata(self.path)
        skipped = json.loads(about[SKIPPED])
        return IngestionReport(
            files=int(about[N_FILES]),
            rows=rows,
            positive_share=share,
            skipped_rows=sum(skipped.values()),
            blank_lines=int(about[BLANK_LINES]),
            rows_read=rows + sum(skipped.values()),
            skipped=skipped,
            missing=self._missing(),
        )

    def check_split(self, split: SplitColumn | None) -> None:
        """Check that the rows hold what a split asks for.

        Raises:
            UserError: they were typed for another split.
        """
        if split is not None and pl.read_parquet_metadata(self.path)[SPLIT_BY] != split.model_dump_json():
            raise UserError(
                f"the typed rows '{self.path}' hold no order by split.column '{split.column}': run the pipeline "
                "'ingestion' again"
            )

    def _missing(self) -> dict[str, int]:
        """Cells without a value, as the file itself has counted them."""
        with ParquetFile(self.path) as file:
            about, names = file.metadata, file.schema_arrow.names  # each column has one leaf: a list's are its values
        groups = [about.row_group(group) for group in range(about.num_row_groups)]
        counts = {
            name: sum(group.column(place).statistics.null_count for group in groups) for place, name in enumerate(names)
        }
        return {name: n for name, n in counts.items() if not name.startswith(PREFIX)}


class RowsView(Frozen):
    """One split of typed rows: where they are and which of them.

    Attributes:
        source: the typed rows.
        assignment: of rows to splits.
        split: train, valid or test.
    """

    source: Path
    assignment: Assignment
    split: str

    def scan(self) -> pl.LazyFrame:
        """LABEL and the fields.

        Raises:
            UserError: the typed rows are gone.
        """
        return self.assignment.select(TypedRows(self.source).scan(), self.split)
