"""Gate extraction: from gates to a selection, on validation rows alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.evaluation.metrics import log_losses
from autofis_kedro.models import CTRModel, ModelSpec
from autofis_kedro.models.state import load_state
from autofis_kedro.selection.gates import Gates, from_gates, n_open
from autofis_kedro.selection.selection import Selection, SizeOnCurve, joined, select
from autofis_kedro.training.config import ExtractionConfig, TrainingConfig
from autofis_kedro.training.evaluate import predict, prepare_for_evaluation
from autofis_kedro.training.fine_tune import fine_tune
from autofis_kedro.training.gate_notes import gate_notes
from autofis_kedro.training.search import base_pairs, searched_part, searched_spec

logger = logging.getLogger(__name__)

Losses = NDArray[np.float64]


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
    base: Selection | None = None,
    steps: int | None = None,
) -> Selection:
    """The selection that the configured rule makes of searched gates.

    In third order the rule decides on triples; the pairs of ``base`` stay, with the alpha that this search gave them.
    Kept gates that are closed or as good as closed are told in the log and in ``Selection.notes``, with the ``steps``
    of the search if they are given.

    Raises:
        UserError: all gates are closed (``nonzero``), a size beyond the candidates, gates of another data set.
    """
    found = Gates.from_frame(gates, schema)
    chosen = _chosen(_Ladder(found, weights, train, valid, schema, spec, training, extraction, seed, base))
    size, is_given = len(chosen.interactions), extraction.size is not None
    notes = gate_notes(found, size, is_given=is_given, starts_at=spec.alpha_initial, steps=steps)
    for note in notes:
        logger.warning("gate extraction: %s", note)
    chosen = chosen.model_copy(update={"notes": notes})
    if spec.order == 2:
        return chosen
    pairs = base_pairs(spec, schema, base) or schema.tuples(2)
    alphas = [float(alpha) for alpha in weights["interactions.alpha_P"]]
    return joined(select(schema, pairs, chosen.rule, alphas), chosen, chosen.rule)


def _chosen(ladder: _Ladder) -> Selection:
    """The candidates that the rule keeps."""
    found, schema, extraction = ladder.gates, ladder.schema, ladder.extraction
    if extraction.rule == "nonzero":
        return from_gates(found, schema, n_open(found), "nonzero")
    if extraction.rule == "top_k":
        assert extraction.size is not None, "its configuration is checked"
        return from_gates(found, schema, extraction.size, f"top_k({extraction.size})")
    sizes = ladder_sizes(len(found.tuples), extraction.ratio)
    if found.order == 3:  # beside the pairs none may be needed
        sizes = [0, *sizes]
    losses = {size: ladder.row_losses(size) for size in sizes}
    size, rule = extraction.size, f"ladder({extraction.size} given)"
    if size is None:
        size = _refine(losses, ladder.row_losses, extraction)
        rule = "smallest size as good as the best"
        if extraction.rule == "ladder" and size > 0:
            smallest, largest = size, best_size(losses)
            if np.count_nonzero(found.alpha_P) >= smallest:  # else all falls are from 0 to 0
                size = largest_gap(found, smallest, largest)
                rule = "largest fall of |alpha| among the sizes as good as the best"
    losses[size] = losses[size] if size in losses else ladder.row_losses(size)
    return from_gates(found, schema, size, rule, size_curve(losses))


def ladder_sizes(n_pairs: int, ratio: float) -> list[int]:
    """Sizes from 1 to ``n_pairs`` that grow by about ``ratio``, ascending."""
    sizes, size = {n_pairs}, 1.0
    while size < n_pairs:
        sizes.add(round(size))
        size = max(size * ratio, round(size) + 1)
    return sorted(sizes)


def best_size(losses: Mapping[int, Losses]) -> int:
    """The size with the lowest mean log loss."""
    return min(losses, key=lambda size: float(losses[size].mean()))


def largest_gap(gates: Gates, smallest: int, largest: int) -> int:
    """The size within [smallest, largest] behind which |alpha| falls most; the smaller of equals."""
    magnitude_P = np.append(np.abs(gates.alpha_P[gates.ranking()]), 0.0)
    gaps = magnitude_P[smallest - 1 : largest] - magnitude_P[smallest : largest + 1]
    return smallest + int(np.argmax(gaps))


def _refine(losses: dict[int, Losses], row_losses: Callable[[int], Losses], extraction: ExtractionConfig) -> int:
    """Halve the gap below the smallest good size until it is one; adds the sizes looked at to ``losses``."""
    while True:
        size = smallest_good_size(size_curve(losses), extraction.tolerance, extraction.relative_tolerance)
        below = max((smaller for smaller in losses if smaller < size), default=0)
        if size - below <= 1:
            return size
        losses[(size + below) // 2] = row_losses((size + below) // 2)


def size_curve(losses: Mapping[int, Losses]) -> tuple[SizeOnCurve, ...]:
    """By size: mean log loss, and its paired difference to the best size with that difference's standard error."""
    best_N = losses[best_size(losses)]
    points = []
    for size, losses_N in sorted(losses.items()):
        difference_N = losses_N - best_N
        error = float(difference_N.std(ddof=1) / np.sqrt(len(difference_N)))
        points.append(
            SizeOnCurve(
                size=size, log_loss=float(losses_N.mean()), difference=float(difference_N.mean()), standard_error=error
            )
        )
    return tuple(points)


def smallest_good_size(curve: Sequence[SizeOnCurve], tolerance: float, relative_tolerance: float = 0.0) -> int:
    """The smallest size as good as the best.

    That is: the difference is within ``tolerance`` of its standard errors, or within ``relative_tolerance`` of the
    best log loss.
    """
    best = min(point.log_loss for point in curve)
    allowed = {p.size: max(tolerance * p.standard_error, relative_tolerance * best) for p in curve}
    return min(point.size for point in curve if point.difference <= allowed[point.size])


@dataclass(frozen=True)
class _Ladder:
    """All that a rung needs."""

    gates: Gates
    weights: Mapping[str, Tensor]
    train: Examples
    valid: Examples
    schema: Schema
    spec: ModelSpec
    training: TrainingConfig
    extraction: ExtractionConfig
    seed: int
    base: Selection | None

    def row_losses(self, size: int) -> Losses:
        """Validation log loss of every row after closing all but ``size`` gates and fine-tuning: [N]."""
        kept = np.sort(self.gates.ranking()[:size])
        model = close_gates(self.weights, kept, self.schema, self.spec, self.base)
        tuning = self.training.model_copy(update={"linear_rate_factor": self.extraction.linear_rate_factor})
        fine_tune(model, self.train, tuning, epochs=self.extraction.fine_tune_epochs, seed=self.seed)
        prepare_for_evaluation(model, self.train, tuning)
        losses_N = log_losses(self.valid.labels, predict(model, self.valid, tuning))
        logger.info("size ladder: %d interactions: valid log loss %.5f", size, losses_N.mean())
        return losses_N


def close_gates(
    weights: Mapping[str, Tensor],
    kept: NDArray[np.int64],
    schema: Schema,
    spec: ModelSpec,
    base: Selection | None = None,
) -> CTRModel:
    """The searched model with every candidate but ``kept`` (places in the list of all, ascending) removed."""
    candidates = schema.tuples(spec.order)
    tuples = tuple(candidates[i] for i in kept)
    given = {"pairs": tuples} if spec.order == 2 else {"pairs": base_pairs(spec, schema, base), "triples": tuples}
    model = CTRModel(searched_spec(spec, weights), schema, **given)
    index, part = torch.from_numpy(kept), f"{searched_part(spec)}."
    state = {}
    for key in model.state_dict().keys() & weights.keys():  # without triples, without their table
        is_gated = key.startswith(part) and len(weights[key]) == len(candidates)
        state[key] = weights[key][index] if is_gated else weights[key]
    load_state(model, state, "weights of the search")
    return model
