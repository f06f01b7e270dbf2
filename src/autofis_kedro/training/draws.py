"""A model over several random selections: the paper's Random+FM, averaged over draws (Table 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

import polars as pl
from torch import Tensor

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.models import ModelSpec
from autofis_kedro.selection.selection import Selection
from autofis_kedro.training.config import CheckpointConfig, TrainingConfig
from autofis_kedro.training.seeds import TrainedSeeds, predict_seeds, train_seeds


def train_draws(
    train: Examples,
    valid: Examples,
    schema: Schema,
    selections: Sequence[Selection],
    spec: ModelSpec,
    training: TrainingConfig,
    *,
    seed: int,
    checkpoints: CheckpointConfig | None = None,
    name: str = "model",
) -> TrainedSeeds:
    """Train draw i over ``selections[i]`` with seed ``seed + i``; named ``seed_<i>`` as several seeds are.

    Raises:
        UserError: as ``train_seeds``.
    """
    weights: dict[str, Tensor] = {}
    histories, costs = [], []
    for number, selection in enumerate(selections):
        draw = train_seeds(
            train,
            valid,
            schema,
            selection,
            spec,
            training,
            n_seeds=1,
            seed=seed + number,
            checkpoints=checkpoints,
            name=f"{name}/draw_{number}",  # a folder within the training's: cleared with it
        )
        weights |= {f"seed_{number}/{key.partition('/')[2]}": tensor for key, tensor in draw.weights.items()}
        histories.append(draw.history.with_columns(pl.lit(number, dtype=pl.Int64).alias("seed")))
        costs.append(draw.cost)
    mean_cost = {key: fmean(cost[key] for cost in costs) for key in costs[0]}
    return TrainedSeeds(weights, pl.concat(histories), mean_cost)


def predict_draws(
    weights: Mapping[str, Tensor],
    examples: Examples,
    schema: Schema,
    selections: Sequence[Selection],
    spec: ModelSpec,
    training: TrainingConfig,
) -> pl.DataFrame:
    """Probabilities of every row by every draw: columns label (UInt8), seed_<i> (Float32)."""
    columns = []
    for number, selection in enumerate(selections):
        own = {key: tensor for key, tensor in weights.items() if key.startswith(f"seed_{number}/")}
        predicted = predict_seeds(own, examples, schema, selection, spec, training)
        columns.append(predicted if number == 0 else predicted.drop("label"))
    return pl.concat(columns, how="horizontal")
