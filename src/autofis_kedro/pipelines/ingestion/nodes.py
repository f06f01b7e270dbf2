"""Nodes of the ingestion stage."""

from __future__ import annotations

import logging
from dataclasses import replace

from autofis_kedro.data.label_counts import check_counts, count_labels, split_with_both_labels
from autofis_kedro.data.reading import RawRows
from autofis_kedro.data.rows import IngestionReport, RowsView, TypedRows
from autofis_kedro.data.splitting import SPLITS, SplitConfig, SplitReport
from autofis_kedro.data.splitting import split_rows as split

logger = logging.getLogger(__name__)


def type_rows(raw_rows: RawRows, config: SplitConfig) -> tuple[RawRows, list[list[str]]]:
    """The recipe of the typed rows, which their dataset carries out, and the planted interactions if they are known."""
    return replace(raw_rows, split=config.by_column), [list(fields) for fields in raw_rows.planted]


def report_rows(typed_rows: TypedRows) -> IngestionReport:
    """What was read."""
    report = typed_rows.report()
    logger.info(report.line())
    return report


def split_rows(typed_rows: TypedRows, config: SplitConfig) -> tuple[RowsView, RowsView, RowsView, SplitReport]:
    """Train, validation and test rows as views of the typed rows."""
    typed_rows.check_split(config.by_column)
    typed = typed_rows.scan()
    assignment, report = split(typed, split_with_both_labels(typed, config))
    counts = count_labels(typed, assignment)
    check_counts(counts, config.method)
    report = report.model_copy(update={"positives": {name: positives for name, (_, positives) in counts.items()}})
    train, valid, test = (RowsView(source=typed_rows.path, assignment=assignment, split=name) for name in SPLITS)
    return train, valid, test, report
