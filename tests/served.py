"""A small model of a click log, from the raw file to a bundle and a choice, without Kedro."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from autofis_kedro.data.bucketing import BucketingConfig
from autofis_kedro.data.description import DataDescription
from autofis_kedro.data.encode import EncodedRows, Encoder
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.reading import RawRows
from autofis_kedro.data.rows import TypedRows
from autofis_kedro.data.schema import Schema
from autofis_kedro.data.splitting import SPLITS, SplitConfig
from autofis_kedro.data.vocabulary_fitting import fit_vocabularies, kinds_of
from autofis_kedro.evaluation.coverage import coverage_of
from autofis_kedro.models import ModelSpec
from autofis_kedro.pipelines.ingestion.nodes import split_rows
from autofis_kedro.selection import keep_all
from autofis_kedro.serving import About, ServedModel
from autofis_kedro.training import TrainingConfig, predict_seeds, train_seeds

SPEC = ModelSpec(embedding_dim=2)
TRAINING = TrainingConfig(epochs=3, batch_size=64, learning_rate=0.05)


@dataclass(frozen=True)
class Served:
    """A trained FM."""

    model: ServedModel
    examples: dict[str, Examples]
    schema: Schema

    def predictions(self) -> pl.DataFrame:
        """As the artifact ``fm.predictions``."""
        parts = [
            predict_seeds(
                self.model.weights, self.examples[s], self.schema, self.model.about.selection, SPEC, TRAINING
            ).with_columns(split=pl.lit(s))
            for s in ("valid", "test")
        ]
        return pl.concat(parts)

    def scores(self, path: Path, keys: tuple[str, ...] = ()) -> pl.DataFrame:
        """Of new rows."""
        return pl.concat(self.model.predict(str(path), keys))


def served(log: Path, description: dict, folder: Path, min_count: int = 1) -> Served:
    """An FM of a click log."""
    described = DataDescription.model_validate(description)
    typed = folder / "typed.parquet"
    RawRows(str(log), described).write(typed)
    *views, report = split_rows(TypedRows(typed), SplitConfig())
    rows = dict(zip(SPLITS, (view.scan() for view in views), strict=True))
    vocabularies = fit_vocabularies(rows["train"], kinds_of(rows["train"]), BucketingConfig(min_count=min_count))
    schema = vocabularies.schema("log")
    encoder = Encoder(vocabularies, schema)
    examples = {name: EncodedRows(found, encoder, name).collect() for name, found in rows.items()}
    selection = keep_all(schema, 2)
    trained = train_seeds(examples["train"], examples["valid"], schema, selection, SPEC, TRAINING, n_seeds=1, seed=0)
    about = About(
        model="fm",
        spec=SPEC,
        schema_=schema,
        selection=selection,
        description=described,
        negative_rate=report.negative_rate,
        test_coverage=coverage_of(examples["test"], schema),
    )
    return Served(ServedModel(about, vocabularies.table, trained.weights), examples, schema)


def odd_log(path: Path, names: list[str], values: list[str], rows: int = 400, clicks: int | None = None) -> Path:
    """A log of fields of any names, whose values are a letter of ``values`` and a digit."""
    rng = np.random.default_rng(0)
    columns = {name: [f"{values[i]}{i}" for i in rng.integers(0, len(values), rows)] for name in names}
    label = rng.integers(0, 2, rows) if clicks is None else np.isin(np.arange(rows), rng.permutation(rows)[:clicks])
    pl.DataFrame({"click": label.astype(int), **columns}).write_csv(path)
    return path
