"""Typed rows on disk, and the splits as views of them: no row is written twice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from autofis_kedro.config import Frozen
from autofis_kedro.data.names import LABEL, PROBLEM, ROW
from autofis_kedro.data.splitting import Assignment
from autofis_kedro.errors import UserError

N_FILES, SKIPPED_ROWS, BLANK_LINES = "autofis_files", "autofis_skipped_rows", "autofis_blank_lines"
"""Keys in the file's own metadata."""


class IngestionReport(Frozen):
    """What was read.

    Attributes:
        files: number of raw files.
        rows: typed rows.
        positive_share: mean label.
        skipped_rows: rows with a wrong number of columns that were left out (``on_bad_row: skip``).
        blank_lines: of text files; they are no rows.
    """

    files: int
    rows: int
    positive_share: float
    skipped_rows: int
    blank_lines: int = 0


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
        files, skipped = int(about[N_FILES]), int(about[SKIPPED_ROWS])
        blank = int(about.get(BLANK_LINES, 0))
        return IngestionReport(files=files, rows=rows, positive_share=share, skipped_rows=skipped, blank_lines=blank)


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
