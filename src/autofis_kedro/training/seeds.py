"""Several seeds of one model: each trained in turn, all kept in one artifact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

import polars as pl
import torch
from torch import Tensor

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.errors import UserError
from autofis_kedro.models import CTRModel, ModelSpec
from autofis_kedro.models.interactions import Interactions
from autofis_kedro.models.state import load_state
from autofis_kedro.selection.selection import Selection
from autofis_kedro.training.checkpoint import Checkpoint, checkpoint_for
from autofis_kedro.training.config import CheckpointConfig, TrainingConfig
from autofis_kedro.training.evaluate import Probabilities, device_of, probabilities_of
from autofis_kedro.training.loop import fit
from autofis_kedro.training.memory import check_memory, within_rows
from autofis_kedro.training.run import Record


@dataclass(frozen=True)
class TrainedSeeds:
    """All seeds of one model.

    Attributes:
        weights: ``seed_<n>/<parameter>``.
        history: one row per seed and evaluation.
        cost: mean seconds of a seed, mean rows per second, number of parameters.
    """

    weights: dict[str, Tensor]
    history: pl.DataFrame
    cost: dict[str, float]


def train_seeds(
    train: Examples,
    valid: Examples,
    schema: Schema,
    selection: Selection,
    spec: ModelSpec,
    training: TrainingConfig,
    *,
    n_seeds: int,
    seed: int,
    checkpoints: CheckpointConfig | None = None,
    name: str = "model",
    warm_alpha: bool = False,
) -> TrainedSeeds:
    """Train ``n_seeds`` models with seeds ``seed``, ``seed + 1``, ...

    Args:
        warm_alpha: start alpha from the selection's values instead of fresh ones.

    Raises:
        UserError: the selection does not fit the schema or has no alpha to start from, the model does not fit into
            memory, or a training diverges.
    """
    training = within_rows(training, train.n_rows, name)
    check_memory(name, spec, schema, training, *(selection.of_order(order, schema) for order in (2, 3)))
    seeds = range(seed, seed + n_seeds)
    results, chosen = [], selection.model_dump_json()
    for number in seeds:
        model = build(spec, schema, selection, seed=number, warm_alpha=warm_alpha)
        identity = (spec, chosen, schema.fingerprint, training, device_of(training), warm_alpha, number)
        step = checkpoint_for(checkpoints, name, f"seed_{number}", train, valid, *identity)
        results.append(_train_or_recall(model, train, valid, training, number, step, f"{name}, seed {number}"))
    weights = {
        f"seed_{n}/{key}": value
        for n, (found, _, _) in zip(seeds, results, strict=True)
        for key, value in found.items()
    }
    cost = {
        "seconds": fmean(cost["seconds"] for _, _, cost in results),
        "rows_per_second": fmean(cost["rows_per_second"] for _, _, cost in results),
        "parameters": float(build(spec, schema, selection, seed=seed).n_parameters()),
    }
    return TrainedSeeds(weights, history_frame([history for _, history, _ in results], list(seeds)), cost)


def build(spec: ModelSpec, schema: Schema, selection: Selection, *, seed: int, warm_alpha: bool = False) -> CTRModel:
    """A model over the selected interactions, all weights fresh; alpha from the selection if ``warm_alpha``.

    A selection without interactions of an order leaves a model of that order without them, too.
    """
    kept = {"pairs": selection.of_order(2, schema), "triples": selection.of_order(3, schema)}
    model = CTRModel(spec, schema, **kept, seed=seed)
    if warm_alpha:
        with torch.no_grad():
            for order, part in ((2, model.interactions), (3, model.triples)):
                if isinstance(part, Interactions) and part.alpha_P is not None:
                    part.alpha_P.copy_(torch.tensor(_alphas(selection, order, schema)))
    return model


def _alphas(selection: Selection, order: int, schema: Schema) -> list[float]:
    alphas = selection.alpha_of(order, schema)
    if alphas is None:
        raise UserError(f"selection '{selection.rule}' has no alpha to start from: use fresh alpha")
    return alphas


def _train_or_recall(
    model: CTRModel,
    train: Examples,
    valid: Examples,
    training: TrainingConfig,
    seed: int,
    step: Checkpoint | None,
    name: str,
) -> tuple[dict[str, Tensor], list[Record], dict[str, float]]:
    """One seed; a seed that an interrupted run finished is taken from its checkpoint."""
    done = Checkpoint(step.path.with_suffix(".done")) if step is not None else None
    saved = done.load() if done is not None else None
    if done is not None and saved is not None:
        with done.reading():
            load_state(model, saved[0], f"finished seed '{done.path}'")
            return saved[0], [Record(**record) for record in saved[1]["history"]], dict(saved[1]["cost"])
    fitted = fit(model, train, valid, training, seed=seed, checkpoint=step, name=name)
    cost = {"seconds": fitted.seconds, "rows_per_second": fitted.rows_per_second}
    if done is not None and step is not None:
        done.save(fitted.weights, {"history": [asdict(record) for record in fitted.history], "cost": cost})
        step.remove()
    return fitted.weights, fitted.history, cost


def predict_seeds(
    weights: Mapping[str, Tensor],
    examples: Examples,
    schema: Schema,
    selection: Selection,
    spec: ModelSpec,
    training: TrainingConfig,
) -> pl.DataFrame:
    """Probabilities of every row by every seed: columns label (UInt8), seed_<n> (Float32)."""
    columns = {"label": pl.Series(examples.labels, dtype=pl.UInt8)}
    for name, probabilities in seed_probabilities(weights, schema, selection, spec, training):
        columns[name] = pl.Series(probabilities(examples))
    return pl.DataFrame(columns)


def seed_probabilities(
    weights: Mapping[str, Tensor], schema: Schema, selection: Selection, spec: ModelSpec, training: TrainingConfig
) -> Iterator[tuple[str, Probabilities]]:
    """Each seed's name (seed_<n>) and what it makes of rows, one model after the other."""
    for prefix in sorted({key.split("/")[0] for key in weights}, key=lambda text: int(text.removeprefix("seed_"))):
        model = build(spec, schema, selection, seed=0)
        own = {key.removeprefix(f"{prefix}/"): v for key, v in weights.items() if key.startswith(f"{prefix}/")}
        load_state(model, own, f"weights of {prefix}")
        yield prefix, probabilities_of(model.to(device_of(training)), training)


def history_frame(histories: Sequence[Sequence[Record]], seeds: Sequence[int]) -> pl.DataFrame:
    """One row per seed and evaluation."""
    rows = [
        {"seed": seed} | asdict(record) for seed, records in zip(seeds, histories, strict=True) for record in records
    ]
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.col("open_gates").cast(pl.Int32))
