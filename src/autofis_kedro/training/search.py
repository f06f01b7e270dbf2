"""The search stage: gates by GRDA, everything else by Adam, in one training (paper sec. 3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from torch import Tensor

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.models import CTRModel, ModelSpec
from autofis_kedro.selection.gates import Gates, field_columns
from autofis_kedro.selection.selection import Selection
from autofis_kedro.training.checkpoint import checkpoint_for
from autofis_kedro.training.config import CheckpointConfig, SearchConfig, TrainingConfig
from autofis_kedro.training.evaluate import device_of
from autofis_kedro.training.loop import fit
from autofis_kedro.training.memory import check_memory, within_rows
from autofis_kedro.training.seeds import history_frame


@dataclass(frozen=True)
class Searched:
    """What a search leaves.

    Attributes:
        gates: every candidate with alpha, dual and rank (``Gates.frame``): pairs, in third order triples.
        trajectory: step, field_1, field_2 (, field_3), alpha: about 200 steps of every candidate.
        weights: of the whole search model.
        history: one row per evaluation.
        cost: seconds, rows per second, steps.
    """

    gates: pl.DataFrame
    trajectory: pl.DataFrame
    weights: dict[str, Tensor]
    history: pl.DataFrame
    cost: dict[str, float]


def search_spec(spec: ModelSpec, *, normalize: bool = True) -> ModelSpec:
    """The search model of a spec: batch norm on every interaction, then its gate (paper Eq. 10 and 12)."""
    return spec.model_copy(update={"normalize": normalize, "weighting": "learned"})


def searched_spec(spec: ModelSpec, weights: Mapping[str, Tensor]) -> ModelSpec:
    """The search model that weights are of; they tell whether it has batch norm, whatever the parameters are now."""
    return search_spec(spec, normalize=any(key.startswith(f"{searched_part(spec)}.norm.") for key in weights))


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
    base: Selection | None = None,
) -> Searched:
    """Search the gates of all pairs, or in third order of all triples beside the pairs of ``base``.

    As in the paper, a third-order search takes up the pairs that a second-order search kept. The validation rows are
    only watched: all planned steps are made, and no choice is taken here.

    Raises:
        UserError: data that do not fit the schema, a model that does not fit into memory, or a training that diverges.
    """
    training = within_rows(search_training(training, search), train.n_rows, name)
    pairs = base_pairs(spec, schema, base)
    searching = search_spec(spec, normalize=search.normalize)
    check_memory(name, searching, schema, training, pairs)
    model = CTRModel(searching, schema, pairs, seed=seed)
    identity = (model.spec, model.kept, schema.fingerprint, training, device_of(training), search, seed)
    checkpoint = checkpoint_for(checkpoints, name, f"search_{seed}", train, valid, *identity)
    fitted = fit(model, train, valid, training, seed=seed, search=search, checkpoint=checkpoint, name=name)
    if checkpoint is not None:
        checkpoint.remove()
    assert fitted.dual is not None
    part = searched_part(spec)
    alpha, tuples = fitted.weights[f"{part}.alpha_P"], schema.tuples(spec.order)
    gates = Gates(alpha.double().numpy(), fitted.dual[-len(tuples) :].double().numpy(), tuples)
    cost = {"seconds": fitted.seconds, "rows_per_second": fitted.rows_per_second, "steps": fitted.history[-1].step}
    history = history_frame([fitted.history], [seed])
    trajectory = _trajectory(fitted.trajectory, gates.frame(schema))
    return Searched(gates.frame(schema), trajectory, fitted.weights, history, cost)


def search_training(training: TrainingConfig, search: SearchConfig) -> TrainingConfig:
    """The training of a search: the model's, with what the search overrides."""
    given = {"learning_rate": search.learning_rate, "l2_embedding": search.l2_embedding}
    changed = {key: value for key, value in given.items() if value is not None}
    return training.model_copy(update=changed | {"linear_rate_factor": search.linear_rate_factor})


def searched_part(spec: ModelSpec) -> str:
    """The part of the model whose gates a search of this order decides."""
    return "interactions" if spec.order == 2 else "triples"


def base_pairs(spec: ModelSpec, schema: Schema, base: Selection | None) -> tuple[tuple[int, ...], ...] | None:
    """The pairs of a search model: all, or in third order those of ``base``."""
    return base.of_order(2, schema) if spec.order == 3 and base is not None else None


def _trajectory(points: list[tuple[int, list[float]]], gates: pl.DataFrame) -> pl.DataFrame:
    fields = gates.select(field_columns(gates))
    frames = [
        fields.select(pl.lit(step).alias("step"), pl.all()).with_columns(pl.Series("alpha", alpha[-len(fields) :]))
        for step, alpha in points
    ]
    return pl.concat(frames)
