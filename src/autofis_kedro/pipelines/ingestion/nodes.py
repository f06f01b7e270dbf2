"""Nodes of the ingestion stage."""

from __future__ import annotations

from autofis_kedro.data.reading import RawRows
from autofis_kedro.data.rows import IngestionReport, RowsView, TypedRows
from autofis_kedro.data.splitting import SPLITS, SplitConfig, SplitReport
from autofis_kedro.data.splitting import split_rows as split


def type_rows(raw_rows: RawRows) -> tuple[RawRows, list[list[str]]]:
    """The recipe of the typed rows, which their dataset carries out, and the planted interactions if they are known."""
    return raw_rows, [list(fields) for fields in raw_rows.planted]


def report_rows(typed_rows: TypedRows) -> IngestionReport:
    """What was read."""
    return typed_rows.report()


def split_rows(typed_rows: TypedRows, config: SplitConfig) -> tuple[RowsView, RowsView, RowsView, SplitReport]:
    """Train, validation and test rows as views of the typed rows."""
    assignment, report = split(typed_rows.scan(), config)
    train, valid, test = (RowsView(source=typed_rows.path, assignment=assignment, split=name) for name in SPLITS)
    return train, valid, test, report
