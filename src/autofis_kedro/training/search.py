"""The search stage: gates by GRDA, everything else by Adam, in one training (paper sec. 3.2)."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from torch import Tensor

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.models import CTRModel, ModelSpec
from autofis_kedro.selection.gates import Gates
from autofis_kedro.training.checkpoint import checkpoint_for, data_fingerprint
from autofis_kedro.training.config import CheckpointConfig, SearchConfig, TrainingConfig
from autofis_kedro.training.loop import fit
from autofis_kedro.training.seeds import history_frame


@dataclass(frozen=True)
class Searched:
    """What a search leaves.

    Attributes:
        gates: every pair with alpha, dual and rank (``Gates.frame``).
        trajectory: step, field_1, field_2, alpha: about 200 steps of every pair.
        weights: of the whole search model.
        history: one row per evaluation.
        cost: seconds and rows per second.
    """

    gates: pl.DataFrame
    trajectory: pl.DataFrame
    weights: dict[str, Tensor]
    history: pl.DataFrame
    cost: dict[str, float]


def search_spec(spec: ModelSpec) -> ModelSpec:
    """The search model of a spec: batch norm on every interaction, then its gate (paper Eq. 10 and 12)."""
    return spec.model_copy(update={"normalize": True, "weighting": "learned"})


def search_gates(
    train: Examples,
    valid: Examples,
    schema: Schema,
    spec: ModelSpec,
    training: TrainingConfig,
    search: SearchConfig,
    *,
    seed: int,
    checkpoints: CheckpointConfig | None = None,
    name: str = "search",
) -> Searched:
    """Search the gates of all pairs.

    The validation rows are only watched: all planned steps are made, and no choice is taken here.

    Raises:
        UserError: data that do not fit the schema, or a training that diverges.
    """
    training = search_training(training, search)
    model = CTRModel(search_spec(spec), schema, seed=seed)
    identity = (model.spec, schema.fingerprint, training, search, seed, data_fingerprint(train))
    checkpoint = checkpoint_for(checkpoints, name, f"search_{seed}", *identity)
    fitted = fit(model, train, valid, training, seed=seed, search=search, checkpoint=checkpoint, name=name)
    if checkpoint is not None:
        checkpoint.remove()
    assert fitted.dual is not None
    alpha = fitted.weights["interactions.alpha_P"]
    gates = Gates(alpha.double().numpy(), fitted.dual.double().numpy())
    cost = {"seconds": fitted.seconds, "rows_per_second": fitted.rows_per_second}
    history = history_frame([fitted.history], [seed])
    return Searched(gates.frame(schema), _trajectory(fitted.trajectory, schema), fitted.weights, history, cost)


def search_training(training: TrainingConfig, search: SearchConfig) -> TrainingConfig:
    """The training of a search: the model's, with what the search overrides."""
    given = {"learning_rate": search.learning_rate, "l2_embedding": search.l2_embedding}
    changed = {key: value for key, value in given.items() if value is not None}
    return training.model_copy(update=changed | {"linear_rate_factor": search.linear_rate_factor})


def _trajectory(points: list[tuple[int, list[float]]], schema: Schema) -> pl.DataFrame:
    pairs = pl.DataFrame(
        [(schema.names[i], schema.names[j]) for i, j in schema.tuples(2)], schema=["field_1", "field_2"], orient="row"
    )
    frames = [
        pairs.select(pl.lit(step).alias("step"), "field_1", "field_2").with_columns(pl.Series("alpha", alpha))
        for step, alpha in points
    ]
    return pl.concat(frames)
