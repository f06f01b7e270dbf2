"""Datasets of the models in use: those that were trained, the one that serves, and the rows that it scored."""

# No `from __future__ import annotations` in modules with `preview`: kedro-viz reads its return annotation as a class.
from pathlib import Path
from typing import Any

import polars as pl
from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview, TablePreview

from autofis_kedro.serving import ABOUT, Scoring, ServedModel
from autofis_kedro.sources.artifacts import table_preview
from autofis_kedro.sources.atomic import AtomicDataset
from autofis_kedro.trained_models import TrainedModels


class TrainedModelsDataset(AbstractDataset[Any, TrainedModels]):
    """Whatever models were trained; read only.

    Args:
        models: folder of weights and selections.
        output: folder of metrics.
    """

    def __init__(self, *, models: str, output: str, metadata: dict[str, Any] | None = None) -> None:
        self._found = TrainedModels(Path(models), Path(output))
        self._models = models
        self.metadata = metadata

    def load(self) -> TrainedModels:
        """Access by name; nothing is read yet."""
        return self._found

    def save(self, data: Any) -> None:
        """Trainings write their own artifacts."""
        raise NotImplementedError("trained models are read only")

    def _describe(self) -> dict[str, Any]:
        return {"models": self._models}


class ServedModelDataset(AtomicDataset):
    """A model with all that it needs to score raw rows: a folder."""

    is_sealed = False  # its files have their checksums beside them, so that the folder can go elsewhere

    def _write(self, path: Path, data: ServedModel) -> None:
        data.save(path)

    def _read(self, path: Path) -> ServedModel:
        return ServedModel.load(path)

    def preview(self) -> JSONPreview:
        """What the model is."""
        return JSONPreview((Path(self._get_load_path()) / ABOUT).read_text(encoding="utf-8"))


class ScoredRowsDataset(AtomicDataset):
    """Scored rows as parquet, written while they are scored, read lazily."""

    def _write(self, path: Path, data: Scoring) -> None:
        data.write(path)

    def _read(self, path: Path) -> pl.LazyFrame:
        return pl.scan_parquet(path, glob=False)

    def preview(self, nrows: int = 10) -> TablePreview:
        """The first rows."""
        return table_preview(self.load().head(nrows).collect())
