"""Nodes of the ingestion stage."""

from __future__ import annotations

import polars as pl

from autofis_kedro.data.reading import IngestionReport, RawRows
from autofis_kedro.data.splitting import SplitConfig, SplitReport
from autofis_kedro.data.splitting import split_rows as split


def type_rows(raw_rows: RawRows) -> tuple[RawRows, list[list[str]]]:
    """The recipe of the typed rows, which their dataset carries out, and the planted interactions if they are known."""
    return raw_rows, [list(fields) for fields in raw_rows.planted]


def report_rows(raw_rows: RawRows, typed_rows: pl.LazyFrame) -> IngestionReport:
    """What was read."""
    return raw_rows.report(typed_rows)


def split_rows(
    typed_rows: pl.LazyFrame, config: SplitConfig
) -> tuple[pl.LazyFrame, pl.LazyFrame, pl.LazyFrame, SplitReport]:
    """Train, validation and test rows, lazily."""
    parts, report = split(typed_rows, config)
    return parts["train"], parts["valid"], parts["test"], report
