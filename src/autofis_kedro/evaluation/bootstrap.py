"""A second way to the error of a difference over rows: resample the rows (Efron and Tibshirani 1993).

It assumes no distribution, and takes about as many times as long as the formulas of ``significance`` as it has draws.
Shapes: N rows.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from autofis_kedro.config import Frozen
from autofis_kedro.errors import UserError
from autofis_kedro.evaluation.metrics import log_losses
from autofis_kedro.evaluation.significance import check_confidence, check_scores

Labels = NDArray[np.integer]
Scores = NDArray[np.floating]


class Resampled(Frozen):
    """A difference between two models and what it is over resampled rows.

    Attributes:
        difference: of the first less the second on the rows as they are.
        standard_error: standard deviation over the draws.
        low: lower end of the percentile interval.
        high: upper end.
        n_draws: draws.
    """

    difference: float
    standard_error: float
    low: float
    high: float
    n_draws: int


def paired_bootstrap(
    labels_N: Labels,
    first_N: Scores,
    second_N: Scores,
    metric: Literal["auc", "log_loss"],
    *,
    n_draws: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Resampled:
    """Difference of a metric between two models' probabilities of the same rows.

    Both models are scored on the same draw. For the AUC rows of label 0 and of label 1 are drawn apart, so that every
    draw has one.

    Raises:
        UserError: different numbers of rows, labels other than 0 and 1, fewer than two rows of either label, a
            probability outside 0..1, fewer than two draws, or a confidence outside 0..1.
    """
    check_scores(labels_N, first_N, second_N)
    check_confidence(confidence)
    if n_draws < 2:
        raise UserError(f"n_draws {n_draws}: a bootstrap needs two draws or more")
    loss_N = log_losses(labels_N, first_N) - log_losses(labels_N, second_N)
    everything = np.arange(len(labels_N))
    groups = [everything[labels_N == label] for label in (0, 1)] if metric == "auc" else [everything]
    rng = np.random.default_rng(seed)

    def difference(rows: NDArray[np.intp]) -> float:
        if metric == "log_loss":
            return float(loss_N[rows].mean())
        return float(np.subtract(*(roc_auc_score(labels_N[rows], score_N[rows]) for score_N in (first_N, second_N))))

    draws = [difference(np.concatenate([rng.choice(rows, len(rows)) for rows in groups])) for _ in range(n_draws)]
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Resampled(
        difference=difference(everything),
        standard_error=float(np.std(draws, ddof=1)),
        low=float(low),
        high=float(high),
        n_draws=n_draws,
    )
