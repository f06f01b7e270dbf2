"""Nodes of the predict stage."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
from pydantic import field_validator

from autofis_kedro.config import Options
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.reading import RawRows
from autofis_kedro.data.schema import Schema
from autofis_kedro.data.splitting import SplitReport
from autofis_kedro.errors import UserError
from autofis_kedro.evaluation.coverage import coverage_of
from autofis_kedro.reporting.rows import ChosenModel
from autofis_kedro.roster import ALL, FOREST, ON_LEAVES, RANDOM_FM, interactions_of, weights_of
from autofis_kedro.serving import About, Scoring, ServedModel, check_keys
from autofis_kedro.trained_models import TrainedModels


class PredictConfig(Options):
    """What scores, and what is carried along.

    Attributes:
        model: a trained model's name; ``chosen`` is the one that the comparison chose.
        keys: raw columns to carry along, as a list or as text with + between the names.
    """

    model: str = "chosen"
    keys: tuple[str, ...] = ()

    @field_validator("keys", mode="before")
    @classmethod
    def _split(cls, keys: object) -> object:
        return tuple(keys.split("+")) if isinstance(keys, str) else keys

    @field_validator("keys", mode="after")
    @classmethod
    def _can_stand_beside_scores(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        check_keys(keys)
        return keys


def serve(
    chosen_model: ChosenModel,
    trained_models: TrainedModels,
    vocabularies: pl.DataFrame,
    schema: Schema,
    split_report: SplitReport,
    raw_rows: RawRows,
    test_examples: Examples,
    predict: PredictConfig,
) -> ServedModel:
    """The chosen model, or the one asked for, with all that it needs."""
    name = chosen_model.model if predict.model == "chosen" else predict.model
    served = [model for model in ALL if model != RANDOM_FM]  # it is many models
    if name not in served:
        raise UserError(f"predict.model '{name}' does not exist; there are: chosen, {', '.join(served)}")
    spec = trained_models.metrics(name).spec
    if spec is None:
        raise UserError(f"model '{name}' was trained by an earlier release: train it again")
    about = About(
        model=name,
        spec=spec,
        schema_=schema,
        selection=trained_models.selection(interactions_of(name)),
        description=raw_rows.description.keeping(schema.names),
        negative_rate=split_report.negative_rate,
        test_coverage=coverage_of(test_examples, schema),
    )
    forest = trained_models.forest(f"{FOREST}.forest") if name in ON_LEAVES else None
    return ServedModel(about, vocabularies, trained_models.weights(weights_of(name)), forest)


def score(served_model: ServedModel, unlabelled_rows: RawRows, predict: PredictConfig) -> Scoring:
    """The recipe of the scored rows, which their dataset carries out."""
    description = served_model.about.description.without_label()
    return Scoring(served_model, replace(unlabelled_rows, description=description, keys=predict.keys))
