"""Nodes of the ablation: FM over random selections."""

from __future__ import annotations

import polars as pl
from pydantic import Field as Bounded
from torch import Tensor

from autofis_kedro.config import Options
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.pipelines.training.nodes import Costs, metrics_of
from autofis_kedro.reporting.rows import ModelMetrics
from autofis_kedro.selection import Draws, Selection, random_selection
from autofis_kedro.training import CheckpointConfig, ModelConfig, SeedsConfig, TrainingConfig
from autofis_kedro.training.draws import predict_draws, train_draws


class AblationConfig(Options):
    """The ablation.

    Attributes:
        n_draws: random selections that Random+FM is averaged over.
    """

    n_draws: int = Bounded(default=10, ge=1)


def draw_selections(schema: Schema, searched: Selection, ablation: AblationConfig, seeds: SeedsConfig) -> Draws:
    """As many pairs as the search kept, drawn again and again."""
    size = searched.count(2)
    drawn = (random_selection(schema, size, seeds.seed + draw) for draw in range(ablation.n_draws))
    return Draws(selections=tuple(drawn))


def train(
    train_examples: Examples,
    valid_examples: Examples,
    schema: Schema,
    draws: Draws,
    model: ModelConfig,
    training: TrainingConfig,
    seeds: SeedsConfig,
    checkpoints: CheckpointConfig,
    *,
    name: str,
) -> tuple[dict[str, Tensor], pl.DataFrame, Costs]:
    """Weights and history of every draw, and what they cost."""
    config = model.training_of(training)
    given = (train_examples, valid_examples, schema, draws.selections, model.spec, config)
    trained = train_draws(*given, seed=seeds.seed, checkpoints=checkpoints, name=name)
    return trained.weights, trained.history, trained.cost


def evaluate(
    weights: dict[str, Tensor],
    valid_examples: Examples,
    test_examples: Examples,
    schema: Schema,
    draws: Draws,
    model: ModelConfig,
    training: TrainingConfig,
    cost: Costs,
    *,
    name: str,
) -> tuple[pl.DataFrame, ModelMetrics]:
    """Predictions on the validation and test rows, and their metrics per draw."""
    config = model.training_of(training)
    parts = {
        split: predict_draws(weights, examples, schema, draws.selections, model.spec, config)
        for split, examples in (("valid", valid_examples), ("test", test_examples))
    }
    return metrics_of(parts, name, draws.selections[0], schema, model.spec, cost)
