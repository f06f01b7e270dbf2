"""What was trained, by name: the newest versions of artifacts on disk; works without Kedro."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import polars as pl
from pydantic import BaseModel, ValidationError
from safetensors.torch import load_file
from torch import Tensor

from autofis_kedro.errors import UserError
from autofis_kedro.integrity import read_whole
from autofis_kedro.reporting.paper_table import PaperTable
from autofis_kedro.reporting.rows import ModelMetrics
from autofis_kedro.selection import Selection

Model = TypeVar("Model", bound=BaseModel)


class TrainedModels:
    """The newest artifacts of whatever models were trained, by name.

    A node cannot have an input whose name is only known when it runs, such as the chosen model's weights.
    """

    def __init__(self, models: Path, output: Path) -> None:
        self._models, self._output = models, output

    def weights(self, artifact: str) -> dict[str, Tensor]:
        """Tensors of ``<model>.weights`` or ``<model>.search_weights``, by ``seed_<n>/<parameter>``."""
        found = self._tensors(artifact)
        return found if artifact.endswith(".weights") else {f"seed_0/{name}": found[name] for name in found}

    def forest(self, artifact: str) -> dict[str, Tensor]:
        """``<namespace>.forest``."""
        return self._tensors(artifact)

    def _tensors(self, artifact: str) -> dict[str, Tensor]:
        return dict(read_whole(_newest(self._models, artifact, "safetensors"), load_file))

    def selection(self, artifact: str) -> Selection:
        """``<model>.selection`` or ``<which>_interactions``."""
        return read_whole(_newest(self._models, artifact, "json"), _json_of(Selection))

    def cost(self, artifact: str) -> float:
        """Seconds of ``<model>.search_cost`` or ``<model>.extraction_cost``."""
        path = _newest(self._models, artifact, "json")
        return read_whole(path, lambda found: float(json.loads(found.read_text(encoding="utf-8"))["seconds"]))

    def metrics(self, model: str) -> ModelMetrics:
        """``<model>.metrics``."""
        return read_whole(_newest(self._output, f"{model}.metrics", "json"), _json_of(ModelMetrics))


class EarlierResults:
    """Tables that other pipelines may have left for a data set: the newest versions; nothing has to exist."""

    def __init__(self, data: Path, dataset: str) -> None:
        self._data, self._dataset = data, dataset

    def table(self, name: str) -> pl.DataFrame | None:
        """The table ``<name>.parquet`` of whichever layer; None where there is none."""
        found = sorted(self._data.glob(f"*/{self._dataset}/{name}.parquet/*/{name}.parquet"), key=_version)
        return read_whole(found[-1], lambda path: pl.read_parquet(path, glob=False)) if found else None

    def paper_tables(self) -> list[PaperTable]:
        """The tables of the paper, in their order."""
        newest: dict[str, Path] = {}
        for path in sorted(
            self._data.glob(f"*/{self._dataset}/table*/*/table*/table*.json"), key=lambda p: p.parts[-3]
        ):
            newest[path.stem] = path
        return [_paper_table(newest[name]) for name in sorted(newest, key=_numbers)]


def _numbers(name: str) -> tuple[list[int], str]:
    """Table 6 and 7 before table 10."""
    return [int(number) for number in re.findall(r"\d+", name)], name


def _json_of(model: type[Model]) -> Callable[[Path], Model]:
    return lambda path: model.model_validate_json(path.read_text(encoding="utf-8"))


def _version(path: Path) -> str:
    return path.parent.name


def _paper_table(path: Path) -> PaperTable:
    try:
        return PaperTable.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise UserError(f"table '{path}' cannot be read: delete this version, or make the table again") from error


def _newest(layer: Path, artifact: str, ending: str) -> Path:
    place = layer.joinpath(*f"{artifact}.{ending}".split(".", artifact.count(".")))
    versions = sorted(path for path in place.glob(f"*/{place.name}") if path.is_file())
    if not versions:
        raise UserError(f"artifact '{artifact}' does not exist: run the pipeline that makes it")
    return versions[-1]
