"""Tables, typed JSON, figures and weights as atomic versioned files."""

import json
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import plotly.io as pio
import polars as pl
from kedro.io.core import Version
from kedro_datasets._typing import JSONPreview, PlotlyPreview, TablePreview
from pydantic import BaseModel
from safetensors.torch import load_file, save_file

from autofis_kedro.data.rows import IngestionReport
from autofis_kedro.data.schema import Schema
from autofis_kedro.data.splitting import SplitReport
from autofis_kedro.data.statistics import DatasetStatistics
from autofis_kedro.errors import UserError
from autofis_kedro.evaluation.inference_time import InferenceTimes
from autofis_kedro.reporting.rows import ChosenModel, ModelMetrics
from autofis_kedro.reporting.run_facts import RunFacts
from autofis_kedro.selection import Draws, Selection
from autofis_kedro.sources.atomic import AtomicDataset

HELD: dict[str, type[BaseModel]] = {
    "schema": Schema,
    "selection": Selection,
    "draws": Draws,
    "dataset_statistics": DatasetStatistics,
    "ingestion_report": IngestionReport,
    "split_report": SplitReport,
    "metrics": ModelMetrics,
    "chosen_model": ChosenModel,
    "inference_times": InferenceTimes,
    "run_facts": RunFacts,
}


def table_preview(frame: pl.DataFrame) -> TablePreview:
    """A table as kedro-viz shows it."""
    shown = frame.with_columns(pl.col(pl.Float64, pl.Float32).round(5))
    cells = shown.with_columns(pl.col(pl.List(pl.String)).list.join(", ")).to_dict(as_series=False)
    rows = [list(row) for row in zip(*cells.values(), strict=True)]
    return TablePreview({"columns": list(cells), "index": list(range(len(rows))), "data": rows})


class TableDataset(AtomicDataset):
    """A table in memory, as parquet."""

    def _write(self, path: Path, data: pl.DataFrame) -> None:
        data.write_parquet(path)

    def _read(self, path: Path) -> pl.DataFrame:
        return pl.read_parquet(path, glob=False)

    def preview(self, nrows: int = 30) -> TablePreview:
        """The first rows."""
        return table_preview(self.load().head(nrows))


class JSONDataset(AtomicDataset):
    """A JSON value, or one of the project's typed values (``holds``)."""

    def __init__(
        self,
        *,
        filepath: str,
        holds: str | None = None,
        version: Version | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath=filepath, version=version, metadata=metadata)
        if holds is not None and holds not in HELD:
            raise UserError(f"catalog entry of '{filepath}': holds '{holds}' is none of {', '.join(HELD)}")
        self._model = HELD[holds] if holds else None

    def _write(self, path: Path, data: Any) -> None:
        text = data.model_dump_json(indent=2) if isinstance(data, BaseModel) else json.dumps(data, indent=2)
        path.write_text(text, encoding="utf-8")

    def _read(self, path: Path) -> Any:
        text = path.read_text(encoding="utf-8")
        return self._model.model_validate_json(text) if self._model else json.loads(text)

    def preview(self) -> JSONPreview:
        """The whole value."""
        data = self.load()
        return JSONPreview(data.model_dump_json() if isinstance(data, BaseModel) else json.dumps(data))


class FigureDataset(AtomicDataset):
    """A plotly figure as JSON."""

    def _write(self, path: Path, data: go.Figure) -> None:
        path.write_text(data.to_json(), encoding="utf-8")

    def _read(self, path: Path) -> go.Figure:
        return pio.from_json(path.read_text(encoding="utf-8"))

    def preview(self) -> PlotlyPreview:
        """The figure."""
        return PlotlyPreview(json.loads(Path(self._get_load_path()).read_text(encoding="utf-8")))


class WeightsDataset(AtomicDataset):
    """Tensors by name as safetensors, which load without executing code."""

    def _write(self, path: Path, data: dict[str, Any]) -> None:
        save_file({name: tensor.detach().cpu().contiguous().clone() for name, tensor in data.items()}, path)

    def _read(self, path: Path) -> dict[str, Any]:
        return dict(load_file(path))

    def preview(self, nrows: int = 60) -> TablePreview:
        """Names, shapes and magnitudes of the tensors."""
        rows = [
            {
                "name": name,
                "shape": " × ".join(map(str, tensor.shape)),
                "mean_magnitude": float(tensor.double().abs().mean()),
            }
            for name, tensor in list(self.load().items())[:nrows]
        ]
        return table_preview(pl.DataFrame(rows))
