"""Is a model better than others: over seeds as in the paper, with one seed over test rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from autofis_kedro.errors import UserError
from autofis_kedro.evaluation.significance import delong, effect_size, paired_t_test, wilcoxon_test
from autofis_kedro.reporting.rows import ModelMetrics, has_few_of_a_label
from autofis_kedro.roster import RANDOM_FM

SIGNIFICANT = 0.005
"""The paper's level."""
WITHOUT_RANDOMNESS = ("gbdt_lr",)
"""Models that are trained once, with no seed of their own: that training stands for all."""


@dataclass(frozen=True)
class Claim:
    """A model's AUC against the rival that it is least surely better than.

    Attributes:
        rival: that model's name.
        p: of the paired t-test over seeds; with one seed of DeLong's test over test rows.
        p_wilcoxon: of Wilcoxon's signed-rank test over seeds; None with one seed.
        p_log_loss: of the paired t-test on the log loss; None with one seed.
        effect_size: mean difference over its standard deviation, over seeds; None with one seed.
        is_better: than every rival, in the mean.
        is_significant: better than every rival with p < 0.005 over seeds; one seed says nothing about seeds.
    """

    rival: str
    p: float
    p_wilcoxon: float | None
    p_log_loss: float | None
    effect_size: float | None
    is_better: bool
    is_significant: bool


def claim(model: ModelMetrics, rivals: Sequence[ModelMetrics], predictions: Mapping[str, pl.DataFrame]) -> Claim | None:
    """The weakest of the model's claims; None without a rival that it can be compared with.

    A star needs every rival to be compared with, and beaten.

    Args:
        predictions: of the models by name (``{model}.predictions``), for one seed alone.
    """
    found = [tested for rival in rivals if (tested := _against(model, rival, predictions)) is not None]
    if not found:
        return None
    # a rival that is better comes first, the surest of them; then the least sure of those that are worse
    weakest = min(found, key=lambda tested: (tested.is_better, -tested.p if tested.is_better else tested.p))
    everywhere = len(found) == len(rivals) and all(tested.is_significant for tested in found)
    return Claim(**(vars(weakest) | {"is_significant": everywhere}))


def _against(model: ModelMetrics, rival: ModelMetrics, predictions: Mapping[str, pl.DataFrame]) -> Claim | None:
    if RANDOM_FM in (model.model, rival.model):
        return None  # its spread is over selections, not seeds
    n_seeds = max(len(model.test), len(rival.test))
    ours, theirs = (_of_seeds(found, "auc", n_seeds) for found in (model, rival))
    if ours is None or theirs is None:
        return None
    if n_seeds == 1:
        return _over_rows(model, rival, predictions)
    tested = paired_t_test(ours, theirs)
    losses = [_of_seeds(found, "log_loss", n_seeds) for found in (model, rival)]
    on_loss = paired_t_test(losses[0] or [], losses[1] or [])
    if tested is None or on_loss is None:  # fewer than two seeds, which were told apart above
        return None
    return Claim(
        rival=rival.model,
        p=tested.p,
        p_wilcoxon=wilcoxon_test(ours, theirs),
        p_log_loss=on_loss.p,
        effect_size=effect_size(ours, theirs),
        is_better=tested.difference > 0,
        is_significant=tested.difference > 0 and tested.p < SIGNIFICANT and not has_few_of_a_label(model),
    )


def _of_seeds(model: ModelMetrics, metric: str, n_seeds: int) -> list[float] | None:
    """A metric of every seed; None if the model was trained with another number of them."""
    values = [float(getattr(metrics, metric)) for metrics in model.test]
    if len(values) == 1 and model.model in WITHOUT_RANDOMNESS:
        return values * n_seeds
    return values if len(values) == n_seeds else None


def _over_rows(model: ModelMetrics, rival: ModelMetrics, predictions: Mapping[str, pl.DataFrame]) -> Claim | None:
    if model.model not in predictions or rival.model not in predictions:
        return None
    ours, theirs = (predictions[found.model].filter(pl.col("split") == "test") for found in (model, rival))
    if not ours["label"].equals(theirs["label"]):
        raise UserError(
            f"the test rows of {model.model} and {rival.model} differ: one of them is of an earlier run over other "
            "data; run again without --only-missing-outputs"
        )
    positives = int(ours["label"].sum())
    if min(positives, len(ours) - positives) < 2:
        return None  # no test of AUCs
    first, second = (frame.select(pl.col("^seed_.*$")).to_series(0).to_numpy() for frame in (ours, theirs))
    tested = delong(ours["label"].to_numpy(), first, second)
    return Claim(rival.model, tested.p, None, None, None, tested.difference > 0, False)
