"""AUC, log loss and calibration over a whole split (paper sec. 4.2.1).

scikit-learn computes the AUC. Shapes: N rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from autofis_kedro.config import Frozen
from autofis_kedro.errors import UserError

CLIP = 1e-7
"""Probabilities are kept this far from 0 and 1, so that one certain mistake costs 16 and not infinity."""


class Metrics(Frozen):
    """Quality of predictions on one split.

    Attributes:
        auc: area under the ROC curve.
        log_loss: mean cross-entropy in nats (paper Eq. 9).
        calibration: mean prediction / mean label; 1 is right on average.
        rows: number of rows.
        positive_share: mean label.
    """

    auc: float
    log_loss: float
    calibration: float
    rows: int
    positive_share: float


class Spread(Frozen):
    """Mean and standard deviation over seeds.

    Attributes:
        mean: over the seeds.
        std: sample standard deviation; None with one seed.
        n: number of seeds.
    """

    mean: float
    std: float | None
    n: int


def score(labels: NDArray[np.integer], probabilities: NDArray[np.floating]) -> Metrics:
    """Metrics of probabilities [N] against labels [N] of 0 and 1, over all rows at once.

    Raises:
        UserError: different lengths, no rows, a constant label, a probability outside [0, 1] or not finite.
    """
    losses_N = log_losses(labels, probabilities)
    positive_share = float(np.mean(labels))
    if positive_share in (0.0, 1.0):
        raise UserError(f"the label is {positive_share:.0f} in all {len(labels)} rows: AUC needs both 0 and 1")
    return Metrics(
        auc=float(roc_auc_score(labels, probabilities)),
        log_loss=float(losses_N.mean()),
        calibration=float(np.mean(probabilities, dtype=np.float64) / positive_share),
        rows=len(labels),
        positive_share=positive_share,
    )


def log_losses(labels: NDArray[np.integer], probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Cross-entropy of every row: float64 [N]; probabilities are clipped to [CLIP, 1 - CLIP].

    Raises:
        UserError: different lengths, no rows, or a probability outside [0, 1] or not finite.
    """
    if len(labels) != len(probabilities) or len(labels) == 0:
        raise UserError(f"{len(labels)} labels and {len(probabilities)} predictions: need the same number, at least 1")
    p_N = np.asarray(probabilities, dtype=np.float64)
    bad = ~((p_N >= 0) & (p_N <= 1))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise UserError(f"prediction of row {row} is {p_N[row]}: must be within 0..1")
    p_N = np.clip(p_N, CLIP, 1 - CLIP)
    result: NDArray[np.float64] = -np.log(np.where(np.asarray(labels) > 0, p_N, 1 - p_N))
    return result


def summarise(values: Sequence[float]) -> Spread:
    """Mean and sample standard deviation over seeds."""
    std = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Spread(mean=float(np.mean(values)), std=std, n=len(values))
