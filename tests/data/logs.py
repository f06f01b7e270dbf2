"""Small click logs as files, and how they read."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from autofis_kedro.data.description import DataDescription
from autofis_kedro.data.names import LABEL
from autofis_kedro.data.reading import RawRows
from autofis_kedro.data.rows import IngestionReport, TypedRows

ROWS = "click,site,user\n1,s0,u1\n0,s1,u2\n1,s2,u1\n"
"""A plain log, and what it holds."""
READ = [(1, "s0", "u1"), (0, "s1", "u2"), (1, "s2", "u1")]


def described(*fields: str | dict[str, Any], **changes: Any) -> DataDescription:
    """A description whose label is ``click`` and whose fields are ``site`` and ``user``, or those named."""
    given = {"fields": [{"name": f} if isinstance(f, str) else f for f in fields or ("site", "user")]}
    return DataDescription(**{"label": {"column": "click"}, **given, **changes})


def rows_of(path: Path | str, description: DataDescription | None = None) -> list[tuple[Any, ...]]:
    """Label and fields of every row."""
    return read(path, description)[0].rows()


def read(path: Path | str, description: DataDescription | None = None) -> tuple[pl.DataFrame, IngestionReport]:
    """Label and fields, and what the report of the ingestion says."""
    with tempfile.TemporaryDirectory() as folder:
        raw = RawRows(str(path), description or described())
        raw.write(Path(folder) / "typed.parquet")
        typed = TypedRows(Path(folder) / "typed.parquet")
        names = [LABEL, *raw.description.kinds]
        return typed.scan().select(names).collect(), typed.report()


def score_rows(path: Path | str, description: DataDescription | None = None) -> pl.DataFrame:
    """The fields of rows to predict, which have no label."""
    raw = RawRows(str(path), (description or described()).without_label())
    with tempfile.TemporaryDirectory() as folder:
        raw.write(Path(folder) / "typed.parquet")
        return TypedRows(Path(folder) / "typed.parquet").scan().select(list(raw.description.kinds)).collect()
