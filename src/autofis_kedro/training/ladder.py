"""Gate extraction: from gates to a selection, on validation rows alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.errors import UserError
from autofis_kedro.evaluation.metrics import log_losses
from autofis_kedro.models import CTRModel, ModelSpec
from autofis_kedro.selection.gates import Gates, from_gates, n_open
from autofis_kedro.selection.selection import Selection, SizeOnCurve
from autofis_kedro.training.config import ExtractionConfig, TrainingConfig
from autofis_kedro.training.evaluate import predict, prepare_for_evaluation
from autofis_kedro.training.fine_tune import fine_tune
from autofis_kedro.training.search import search_spec


def extract_selection(
    gates: pl.DataFrame,
    weights: Mapping[str, Tensor],
    train: Examples,
    valid: Examples,
    schema: Schema,
    spec: ModelSpec,
    training: TrainingConfig,
    extraction: ExtractionConfig,
    *,
    seed: int,
) -> Selection:
    """The selection that the configured rule makes of searched gates.

    Raises:
        UserError: all gates are closed (``nonzero``), no size given (``top_k``), gates of another data set.
    """
    found = Gates.from_frame(gates, schema)
    if extraction.rule == "nonzero":
        return from_gates(found, schema, n_open(found), "nonzero")
    if extraction.rule == "top_k":
        if extraction.size is None:
            raise UserError("extraction.rule top_k needs extraction.size: how many interactions to keep")
        return from_gates(found, schema, extraction.size, f"top_k({extraction.size})")
    sizes = ladder_sizes(len(found.alpha_P), extraction.ratio, extraction.size)
    losses_SN = [
        _row_losses(found, size, weights, train, valid, schema, spec, training, extraction, seed) for size in sizes
    ]
    curve = size_curve(sizes, losses_SN)
    size = extraction.size or smallest_good_size(curve, extraction.tolerance)
    rule = f"ladder({size} given)" if extraction.size else f"ladder(within {extraction.tolerance:g} standard errors)"
    return from_gates(found, schema, size, rule, curve)


def ladder_sizes(n_pairs: int, ratio: float, also: int | None = None) -> list[int]:
    """Sizes from 1 to ``n_pairs`` that grow by about ``ratio``, ascending; ``also`` is one of them."""
    sizes, size = {n_pairs}, 1.0
    while size < n_pairs:
        sizes.add(round(size))
        size = max(size * ratio, round(size) + 1)
    return sorted(sizes | ({also} if also is not None else set()))


def size_curve(sizes: Sequence[int], losses_SN: Sequence[NDArray[np.float64]]) -> tuple[SizeOnCurve, ...]:
    """Mean log loss of each size, and its paired difference to the best size with that difference's standard error."""
    best_N = min(losses_SN, key=lambda losses: float(losses.mean()))
    points = []
    for size, losses_N in zip(sizes, losses_SN, strict=True):
        difference_N = losses_N - best_N
        error = float(difference_N.std(ddof=1) / np.sqrt(len(difference_N)))
        points.append(
            SizeOnCurve(
                size=size, log_loss=float(losses_N.mean()), difference=float(difference_N.mean()), standard_error=error
            )
        )
    return tuple(points)


def smallest_good_size(curve: Sequence[SizeOnCurve], tolerance: float) -> int:
    """The smallest size whose difference to the best is within ``tolerance`` standard errors of that difference."""
    return min(point.size for point in curve if point.difference <= tolerance * point.standard_error)


def _row_losses(
    gates: Gates,
    size: int,
    weights: Mapping[str, Tensor],
    train: Examples,
    valid: Examples,
    schema: Schema,
    spec: ModelSpec,
    training: TrainingConfig,
    extraction: ExtractionConfig,
    seed: int,
) -> NDArray[np.float64]:
    """Validation log loss of every row after closing all but ``size`` gates and fine-tuning: [N]."""
    kept = np.sort(gates.ranking()[:size])
    model = close_gates(weights, kept, schema, spec)
    tuning = training.model_copy(update={"linear_rate_factor": extraction.linear_rate_factor})
    fine_tune(model, train, tuning, epochs=extraction.fine_tune_epochs, seed=seed)
    prepare_for_evaluation(model, train, training)
    return log_losses(valid.labels, predict(model, valid, training))


def close_gates(
    weights: Mapping[str, Tensor], kept: NDArray[np.int64], schema: Schema, spec: ModelSpec
) -> CTRModel:
    """The searched model with every pair but ``kept`` (places in the list of all pairs, ascending) removed."""
    pairs = schema.tuples(2)
    model = CTRModel(search_spec(spec), schema, tuple(pairs[i] for i in kept))
    index = torch.from_numpy(kept)
    model.load_state_dict({key: value[index] if key.startswith("interactions.") else value for key, value in weights.items()})
    return model
