"""A trained model with all that it needs to score raw rows, in one folder; works without Kedro.

from autofis_kedro.serving import ServedModel
model = ServedModel.load("data/08_reporting/criteo/served_model/<version>/served_model")
for frame in model.predict("new_rows.tsv"):
    ...
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from autofis_kedro.config import Frozen
from autofis_kedro.data.description import DataDescription
from autofis_kedro.data.encode import CHUNK_ROWS, Encoder
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.names import KEY, ROW
from autofis_kedro.data.reading import RawRows
from autofis_kedro.data.rows import TypedRows
from autofis_kedro.data.schema import Schema
from autofis_kedro.data.vocabulary import Vocabularies
from autofis_kedro.errors import UserError
from autofis_kedro.evaluation.coverage import Coverage, FieldCoverage, ScoringReport, added, coverage_of
from autofis_kedro.integrity import read_whole, seal
from autofis_kedro.models import ModelSpec
from autofis_kedro.reporting.coverage_table import surprise
from autofis_kedro.selection import Selection
from autofis_kedro.training import TrainingConfig, seed_probabilities
from autofis_kedro.trees import Forest, append_leaves, leaf_schema

logger = logging.getLogger(__name__)

NUMBER, PROBABILITY = "row", "probability"
"""Columns of scored rows beside those that are carried along."""
REPORT = "autofis_scoring_report"
"""The key in the metadata of a file of scored rows."""
WEIGHTS, VOCABULARIES, ABOUT = "weights.safetensors", "vocabularies.parquet", "model.json"
FOREST = "forest.safetensors"
"""Where the model stands on the leaves of trees."""


class About(Frozen):
    """What a served model is.

    Attributes:
        model: its name.
        spec: what it is made of.
        schema_: fields and sizes, without the leaves of trees.
        selection: its interactions.
        description: of the raw rows that it was trained on.
        negative_rate: share of the negatives that training kept.
        test_coverage: what the values of the test rows were; None in bundles of before it was kept.
    """

    model: str
    spec: ModelSpec
    schema_: Schema
    selection: Selection
    description: DataDescription
    negative_rate: float
    test_coverage: Coverage | None = None


@dataclass(frozen=True)
class ServedModel:
    """A model that scores raw rows.

    Attributes:
        about: everything but its arrays.
        vocabularies: which value has which id (``Vocabularies.table``).
        weights: of every seed, ``seed_<n>/<parameter>``; the probabilities of several seeds are averaged.
        forest: ``Forest.tensors`` of the trees whose leaves the model reads, where it does.
    """

    about: About
    vocabularies: pl.DataFrame
    weights: Mapping[str, Tensor]
    forest: Mapping[str, Tensor] | None = None

    def save(self, folder: Path) -> None:
        """Write the model into a new folder."""
        folder.mkdir(parents=True)
        (folder / ABOUT).write_text(self.about.model_dump_json(indent=1), encoding="utf-8")
        self.vocabularies.write_parquet(folder / VOCABULARIES)
        for tensors, name in ((self.weights, WEIGHTS), (self.forest, FOREST)):
            if tensors is not None:
                save_file({key: tensor.contiguous().clone() for key, tensor in tensors.items()}, folder / name)
        for file in sorted(folder.iterdir()):
            seal(file)

    @classmethod
    def load(cls, folder: str | Path) -> ServedModel:
        """Read what ``save`` wrote; executes no code from it.

        Raises:
            UserError: it is no folder of a served model, or something in it is damaged.
        """
        place = Path(folder)
        missing = [name for name in (ABOUT, VOCABULARIES, WEIGHTS) if not (place / name).is_file()]
        if missing:
            raise UserError(f"'{place}' is no served model: it has no {', '.join(missing)}")
        about = read_whole(place / ABOUT, lambda path: About.model_validate_json(path.read_text(encoding="utf-8")))
        vocabularies = read_whole(place / VOCABULARIES, lambda path: pl.read_parquet(path, glob=False))
        forest = read_whole(place / FOREST, load_file) if (place / FOREST).exists() else None
        return cls(about, vocabularies, read_whole(place / WEIGHTS, load_file), forest)

    def predict(self, raw_path: str, keys: tuple[str, ...] = ()) -> Iterator[pl.DataFrame]:
        """Score raw rows, in bounded memory; warns of fields with far more unseen values than the test rows had.

        The rows are described as those of the training were; label and dropped columns may be missing, and there may be
        others.

        Args:
            raw_path: file, folder, glob or URL.
            keys: raw columns to carry along.

        Yields:
            Up to 100,000 rows each: row (UInt32, from 0), the key columns (String) and probability (Float32). Where
            there are no rows, one frame without any.

        Raises:
            UserError: names file, row, column and value of what is wrong.
        """
        scores = self.score(RawRows(raw_path, self.about.description.without_label(), keys=keys))
        yield from scores
        for found in scores.report().surprises():
            logger.warning(surprise(found))

    def score(self, rows: RawRows) -> Scores:
        """As ``predict``, for rows of any source, without a warning."""
        check_keys(rows.keys)
        return Scores(self, rows)

    def probabilities(self) -> Callable[[pl.DataFrame, Examples], NDArray[np.float32]]:
        """Probabilities [N] of typed rows and of the same encoded, by models that are built now."""
        about = self.about
        forest = Forest.of_tensors(self.forest, about.schema_) if self.forest is not None else None
        schema = about.schema_ if forest is None else leaf_schema(about.schema_, forest)
        seeds = dict(seed_probabilities(self.weights, schema, about.selection, about.spec, TrainingConfig()))

        def score(frame: pl.DataFrame, examples: Examples) -> NDArray[np.float32]:
            if forest is not None:
                examples = append_leaves(frame, examples, forest, schema)
            by_seed = pl.DataFrame({name: probabilities(examples) for name, probabilities in seeds.items()})
            return restore_negatives(by_seed.mean_horizontal().to_numpy(), about.negative_rate)

        return score


class Scores:
    """Scored rows, frame by frame; when all are read, what they hold is known.

    Args:
        model: that scores.
        rows: to be scored.
    """

    def __init__(self, model: ServedModel, rows: RawRows) -> None:
        self._model, self._rows = model, rows
        self._forget()

    def _forget(self) -> None:
        self._n_rows = 0
        self._coverage: Coverage = dict.fromkeys(self._model.about.schema_.names, FieldCoverage())

    def __iter__(self) -> Iterator[pl.DataFrame]:
        self._forget()
        schema, keys = self._model.about.schema_, self._rows.keys
        encoder, probabilities = Encoder(Vocabularies(self._model.vocabularies), schema), self._model.probabilities()
        with tempfile.TemporaryDirectory(prefix="predict_") as folder:
            path = Path(folder) / "typed.parquet"
            self._rows.write(path)
            for frame in TypedRows(path).scan().collect_batches(chunk_size=CHUNK_ROWS, maintain_order=True):
                if frame.is_empty():
                    continue
                examples = encoder.encode(frame)
                self._n_rows += len(frame)
                self._coverage = added(self._coverage, coverage_of(examples, schema) or {})
                carried = frame.select(pl.col(ROW).alias(NUMBER), *(pl.col(f"{KEY}{key}").alias(key) for key in keys))
                yield carried.with_columns(pl.Series(PROBABILITY, probabilities(frame, examples)))
        if not self._n_rows:
            yield pl.DataFrame(schema={NUMBER: pl.UInt32, **dict.fromkeys(keys, pl.String), PROBABILITY: pl.Float32})

    def report(self) -> ScoringReport:
        """Of the frames that were read so far."""
        return ScoringReport(rows=self._n_rows, coverage=self._coverage, test=self._model.about.test_coverage)


def check_keys(keys: Sequence[str]) -> None:
    """Check that columns to carry along can stand beside the scores.

    Raises:
        UserError: one is asked for twice, or has the name of one of ours.
    """
    for key in keys:
        if key in (NUMBER, PROBABILITY):
            raise UserError(f"column '{key}' cannot be carried along: scored rows have a column of this name")
        if list(keys).count(key) > 1:
            raise UserError(f"column '{key}' is to be carried along more than once")


def restore_negatives(probability: NDArray[np.floating], negative_rate: float) -> NDArray[np.float32]:
    """Probabilities among all rows, of a model that saw only a share of the negatives (its logit + log(rate))."""
    odds_share = probability * negative_rate
    restored: NDArray[np.float32] = (odds_share / (odds_share + 1 - probability)).astype(np.float32)
    return restored


@dataclass(frozen=True)
class Scoring:
    """Rows and the model that scores them: a recipe, carried out while it is written."""

    model: ServedModel
    rows: RawRows

    def write(self, path: Path) -> None:
        """Write the scored rows as parquet, in bounded memory, and within it what they hold (``scoring_report``)."""
        scores, writer = self.model.score(self.rows), None
        try:
            for frame in scores:
                table = frame.to_arrow()
                writer = writer or pq.ParquetWriter(path, table.schema)
                writer.write_table(table)
            if writer is not None:
                writer.add_key_value_metadata({REPORT: scores.report().model_dump_json()})
        finally:
            if writer is not None:
                writer.close()


def scoring_report(path: Path) -> ScoringReport:
    """What the rows of a file that ``Scoring.write`` made hold."""
    return ScoringReport.model_validate_json(pl.read_parquet_metadata(path)[REPORT])
