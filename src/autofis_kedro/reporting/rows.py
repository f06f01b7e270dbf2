"""What is known of a trained model: the rows of every comparison."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from autofis_kedro.config import Frozen
from autofis_kedro.data.label_counts import FEW
from autofis_kedro.evaluation.metrics import Metrics, Spread, summarise
from autofis_kedro.evaluation.significance import Comparison, paired_rows
from autofis_kedro.models import ModelSpec
from autofis_kedro.roster import interactions_of, weights_of

Losses = NDArray[np.float64]


class ModelMetrics(Frozen):
    """Quality and cost of one model, all seeds.

    Attributes:
        model: its name.
        valid: metrics on the validation rows, one per seed.
        test: metrics on the test rows, one per seed.
        kept: pairs in the model.
        candidates: pairs that there were.
        kept_triples: third-order interactions in the model; 0 below third order.
        candidate_triples: third-order interactions that there were; likewise.
        spec: what the model is made of.
        schema_fingerprint: of the data that it was trained and evaluated on; None in metrics of before it was kept.
        parameters: number of trained weights.
        flops_per_row: operations of one row's logit (``models.cost``); trees' comparisons are not among them.
        rows_per_second: training speed, mean over seeds.
        train_seconds: of one seed, mean over seeds.
        search_seconds: of what came before: the search and extraction that chose the interactions, their ranking by
            statistics_AUC, or the growing of trees; 0 without. Of a searched model itself it is all that there is.
    """

    model: str
    valid: tuple[Metrics, ...]
    test: tuple[Metrics, ...]
    kept: int
    candidates: int
    parameters: int
    rows_per_second: float
    train_seconds: float
    search_seconds: float = 0.0
    kept_triples: int = 0
    candidate_triples: int = 0
    flops_per_row: int = 0
    spec: ModelSpec | None = None
    schema_fingerprint: str | None = None

    def spread(self, split: str, metric: str) -> Spread:
        """Mean and standard deviation over seeds of ``auc``, ``log_loss`` or ``calibration`` on a split."""
        found: tuple[Metrics, ...] = getattr(self, split)
        return summarise([getattr(metrics, metric) for metrics in found])


def has_few_of_a_label(model: ModelMetrics) -> bool:
    """Whether the test rows have so few of a label that seeds which agree on them say nothing of others."""
    found = model.test[0]
    positives = found.rows * found.positive_share
    return min(positives, found.rows - positives) < FEW


class ChosenModel(Frozen):
    """The model to use.

    Attributes:
        model: its name.
        weights: the artifact (catalog entry) that holds its weights.
        interactions: the artifact that holds its interactions.
        why: in words.
        valid_log_loss: of every candidate on the validation rows, mean over seeds, best first.
        difference: mean per-row validation log loss of the best candidate minus the reference's.
        standard_error: of that difference, paired by row.
        beats_constant: whether the chosen model is better than the train rows' click rate for every row, by more than
            chance; None where nobody compared.
    """

    model: str
    weights: str
    interactions: str
    why: str
    valid_log_loss: dict[str, float]
    difference: float
    standard_error: float
    beats_constant: bool | None = None


def choose(
    losses: Mapping[str, Losses], constant: Losses | None = None, reference: str = "fm", tolerance: float = 2.0
) -> ChosenModel:
    """The candidate with the lowest validation log loss, if it beats the reference by more than chance; else the
    reference, unless the candidate beats a constant prediction and the reference does not.

    The best of many candidates is partly lucky, the more so on few validation rows that searched, stopped and chose
    before: on 3,300 rows the best of 15 was 0.008 worse than FM on the test rows. Test rows play no part here.

    Args:
        losses: log loss of every validation row, mean over seeds [N], by model.
        constant: likewise of the constant prediction, which cannot be chosen; None compares with none.
        reference: the model to beat.
        tolerance: by how many standard errors of the difference, paired by row.
    """
    means = {name: float(losses_N.mean()) for name, losses_N in losses.items()}
    ranked = dict(sorted(means.items(), key=lambda item: item[1]))
    best = next(iter(ranked))
    against = paired_rows(losses[best], losses[reference])
    is_better = _is_below_zero(against, tolerance)
    to_constant = {name: paired_rows(losses[name], constant) for name in (best, reference) if constant is not None}
    beats = {name: _is_below_zero(found, tolerance) for name, found in to_constant.items()}
    is_only_one = beats.get(best, False) and not beats[reference]
    model = best if is_better or is_only_one else reference
    return ChosenModel(
        model=model,
        weights=weights_of(model),
        interactions=interactions_of(model),
        why=_why(best, reference, against, is_better, beats) + _constant(model, to_constant, beats, tolerance),
        valid_log_loss=ranked,
        difference=against.difference,
        standard_error=against.standard_error,
        beats_constant=beats.get(model),
    )


def _is_below_zero(found: Comparison, tolerance: float) -> bool:
    return found.difference < -tolerance * found.standard_error


def _why(best: str, reference: str, against: Comparison, is_better: bool, beats: Mapping[str, bool]) -> str:
    evidence = f"validation log loss {_said(against)} against {reference}"
    if best == reference:
        return f"{reference} has the lowest validation log loss"
    if is_better:
        is_sure = beats.get(best, True)
        return (
            f"{best} is the best and better than chance: {evidence}" if is_sure else f"{best} is the best: {evidence}"
        )
    if beats.get(best, False) and not beats[reference]:
        return f"{best} is better than a constant prediction, {reference} is not; {evidence}"
    return f"none beats {reference} by more than chance; {best}: {evidence}"


def _constant(model: str, against: Mapping[str, Comparison], beats: Mapping[str, bool], tolerance: float) -> str:
    """What is to be said where the model is no better than a constant."""
    if beats.get(model, True):
        return ""
    found = against[model]
    is_worse = found.difference > tolerance * found.standard_error
    said = "is worse than" if is_worse else "cannot be told from"
    return (
        f"; but {model} {said} the constant prediction of the click rate (validation log loss {_said(found)} against "
        "it): nothing is known of any model here"
    )


def _said(found: Comparison) -> str:
    return f"{found.difference:+.5f} +- {found.standard_error:.5f}"
