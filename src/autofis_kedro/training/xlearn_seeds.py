"""Several seeds of an FFM by xlearn, kept and recalled as those of our own training are."""

from __future__ import annotations

import logging
from statistics import fmean

import polars as pl

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.errors import UserError
from autofis_kedro.models import CTRModel
from autofis_kedro.models.state import load_state
from autofis_kedro.selection.selection import Selection
from autofis_kedro.training.checkpoint import Checkpoint, checkpoint_for
from autofis_kedro.training.config import CheckpointConfig, ModelConfig, SeedsConfig
from autofis_kedro.training.seeds import TrainedSeeds
from autofis_kedro.training.xlearn import HISTORY, FittedByXLearn, fit_by_xlearn, is_installed

logger = logging.getLogger(__name__)


def takes_xlearn(model: ModelConfig, schema: Schema, name: str) -> bool:
    """Whether xlearn trains the model here; with ``engine: auto`` it does where it can."""
    if model.engine != "auto":
        return model.engine == "xlearn"
    can = is_installed() and not schema.multi_hot_positions
    logger.info("%s: trained by %s (engine: auto)", name, "xlearn" if can else "torch")
    return can


def train_seeds_by_xlearn(
    train: Examples,
    valid: Examples,
    schema: Schema,
    selection: Selection,
    model: ModelConfig,
    seeds: SeedsConfig,
    *,
    checkpoints: CheckpointConfig | None = None,
    name: str = "ffm",
) -> TrainedSeeds:
    """As ``train_seeds``, by xlearn.

    Raises:
        UserError: as ``fit_by_xlearn``, or the selection leaves pairs out, which xlearn cannot.
    """
    if len(selection.of_order(2, schema)) < len(schema.tuples(2)):
        raise UserError("engine xlearn: trains over all pairs, and the selection leaves some out; use engine: torch")
    numbers = range(seeds.seed, seeds.seed + seeds.n_seeds)
    fitted = []
    for seed in numbers:
        place = checkpoint_for(checkpoints, name, f"seed_{seed}", train, valid, model, schema.fingerprint, seed)
        fitted.append(_fit_or_recall(train, valid, schema, model, seed, place))
    weights = {
        f"seed_{n}/{key}": tensor for n, one in zip(numbers, fitted, strict=True) for key, tensor in one.weights.items()
    }
    cost = {
        "seconds": fmean(one.seconds for one in fitted),
        "rows_per_second": fmean(train.n_rows * len(one.history) / one.seconds for one in fitted),
        "parameters": float(sum(tensor.numel() for tensor in fitted[0].weights.values())),
    }
    return TrainedSeeds(weights, pl.concat([one.history for one in fitted]), cost)


def _fit_or_recall(
    train: Examples, valid: Examples, schema: Schema, model: ModelConfig, seed: int, place: Checkpoint | None
) -> FittedByXLearn:
    saved = place.load() if place is not None else None
    if place is not None and saved is not None:
        with place.reading():
            load_state(CTRModel(model.spec, schema), saved[0], f"finished seed '{place.path}'")
            return FittedByXLearn(saved[0], pl.DataFrame(saved[1]["history"], schema=HISTORY), saved[1]["seconds"])
    fitted = fit_by_xlearn(train, valid, schema, model.spec, model.xlearn, seed=seed)
    if place is not None:
        place.save(fitted.weights, {"history": fitted.history.to_dicts(), "seconds": fitted.seconds})
    return fitted
