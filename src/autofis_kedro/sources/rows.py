"""Typed rows, and views of them."""

# No `from __future__ import annotations` in modules with `preview`: kedro-viz reads its return annotation as a class.
import os
from pathlib import Path

import polars as pl
from kedro_datasets._typing import TablePreview

from autofis_kedro.data.reading import RawRows
from autofis_kedro.data.rows import RowsView, TypedRows
from autofis_kedro.integrity import verify
from autofis_kedro.sources.artifacts import table_preview
from autofis_kedro.sources.atomic import AtomicDataset


class TypedRowsDataset(AtomicDataset):
    """Typed rows as parquet, written streaming from a ``RawRows``."""

    def _write(self, path: Path, data: RawRows) -> None:
        data.write(path)

    def _read(self, path: Path) -> TypedRows:
        rows = TypedRows(path)
        rows.scan().collect_schema()
        return rows

    def preview(self, nrows: int = 10) -> TablePreview:
        """The first rows."""
        return table_preview(self.load().scan().head(nrows).collect())


class RowsViewDataset(AtomicDataset):
    """A split: which of the typed rows belong to it, as JSON; read lazily."""

    def _write(self, path: Path, data: RowsView) -> None:
        # A relative path, so that a project folder can be moved.
        relative = data.model_copy(update={"source": Path(os.path.relpath(data.source, path.parent))})
        path.write_text(relative.model_dump_json(indent=2), encoding="utf-8")

    def _read(self, path: Path) -> pl.LazyFrame:
        view = RowsView.model_validate_json(path.read_text(encoding="utf-8"))
        source = (path.parent / view.source).resolve()
        verify(source)
        rows = view.model_copy(update={"source": source}).scan()
        rows.collect_schema()
        return rows

    def preview(self, nrows: int = 10) -> TablePreview:
        """The first rows."""
        return table_preview(self.load().head(nrows).collect())
