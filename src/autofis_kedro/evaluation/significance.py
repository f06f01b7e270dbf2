"""Is a difference more than chance: over seeds (the paper's t-test) and over rows. scipy does the statistics.

Shapes: N rows, A rows with label 1, B rows with label 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from autofis_kedro.config import Frozen
from autofis_kedro.errors import UserError

Floats = NDArray[np.float64]


class Comparison(Frozen):
    """A model against another on the same seeds or rows.

    Attributes:
        difference: mean of first minus second; of the AUCs in ``delong``.
        standard_error: of that difference.
        p: of the two-sided test that it is 0.
        n: pairs compared.
        degrees: degrees of freedom where it follows Student's t; None where it is normal.
    """

    difference: float
    standard_error: float
    p: float
    n: int
    degrees: int | None = None

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Confidence interval of the difference.

        Raises:
            UserError: confidence outside 0..1.
        """
        check_confidence(confidence)
        law = stats.norm if self.degrees is None else stats.t(self.degrees)
        reach = float(law.ppf((1 + confidence) / 2)) * self.standard_error
        return self.difference - reach, self.difference + reach


def check_confidence(confidence: float) -> None:
    """Whether an interval can have it.

    Raises:
        UserError: outside 0..1.
    """
    if not 0 < confidence < 1:
        raise UserError(f"confidence {confidence}: must be between 0 and 1, for example 0.95")


def paired_t_test(first: Sequence[float], second: Sequence[float]) -> Comparison | None:
    """Paired t-test over seeds; None with fewer than two, which say nothing about chance.

    Raises:
        UserError: different numbers of seeds, or a value that is not finite.
    """
    difference = _differences(first, second)
    if len(difference) < 2:
        return None
    error = float(difference.std(ddof=1) / np.sqrt(len(difference)))
    # scipy gives nan where all differences are equal
    p = float(stats.ttest_rel(first, second).pvalue) if error > 0 else float(difference.mean() == 0)
    mean, n = float(difference.mean()), len(difference)
    return Comparison(difference=mean, standard_error=error, p=p, n=n, degrees=n - 1)


def wilcoxon_test(first: Sequence[float], second: Sequence[float]) -> float | None:
    """p of the two-sided signed-rank test over seeds (Wilcoxon 1945); None with fewer than two.

    It assumes no normal distribution, but n seeds can give no p below ``2 ** (1 - n)``: five 0.0625, nine the
    paper's 0.005.

    Raises:
        UserError: different numbers of seeds, or a value that is not finite.
    """
    difference = _differences(first, second)
    if len(difference) < 2:
        return None
    if not difference.any():  # scipy divides 0 by 0
        return 1.0
    return float(stats.wilcoxon(difference).pvalue)


def effect_size(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Cohen's d of paired samples, d_z: the mean difference in units of the differences' standard deviation.

    Other than p, it does not grow with the number of seeds (Lakens 2013, "Calculating and reporting effect sizes").
    None with fewer than two seeds, or where all differences are the same up to rounding.

    Raises:
        UserError: different numbers of seeds, or a value that is not finite.
    """
    difference = _differences(first, second)
    rounding = 4 * np.finfo(np.float64).eps * max((abs(value) for value in (*first, *second)), default=0.0)
    if len(difference) < 2 or np.ptp(difference) <= rounding:
        return None
    return float(difference.mean() / difference.std(ddof=1))


def paired_rows(first_N: Floats, second_N: Floats) -> Comparison:
    """Mean difference of per-row losses with its standard error and normal p: one seed, many rows.

    Raises:
        UserError: different numbers of rows, fewer than two, or a loss that is not finite.
    """
    if len(first_N) != len(second_N) or len(first_N) < 2:
        raise UserError(f"{len(first_N)} and {len(second_N)} rows: need the same number, at least 2")
    difference_N = first_N - second_N
    if not np.isfinite(difference_N).all():
        raise UserError(f"loss of row {int(np.flatnonzero(~np.isfinite(difference_N))[0])}: must be a finite number")
    error = float(difference_N.std(ddof=1) / np.sqrt(len(difference_N)))
    return _normal(float(difference_N.mean()), error, len(difference_N))


def delong(labels_N: NDArray[np.integer], first_N: NDArray[np.floating], second_N: NDArray[np.floating]) -> Comparison:
    """Test of the AUCs of two models on the same rows: one seed, many rows (DeLong, DeLong, Clarke-Pearson 1988).

    The structural components come from mid-ranks in O(N log N) (Sun and Xu 2014, "Fast implementation of DeLong's
    algorithm"). ``interval`` gives the confidence interval of the difference.

    Args:
        labels_N: 0 and 1.
        first_N: scores of the first model; only their order counts.
        second_N: of the second.

    Raises:
        UserError: different numbers of rows, labels other than 0 and 1, fewer than two rows of either label, or a
            score that is not finite.
    """
    check_scores(labels_N, first_N, second_N)
    aucs, covariance = delong_covariance(labels_N, np.stack([first_N, second_N]))
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    # two models that order the rows alike leave rounding, which may be negative
    is_same = variance <= 1e-12 * np.trace(covariance)
    return _normal(float(aucs[0] - aucs[1]), 0.0 if is_same else float(np.sqrt(variance)), len(labels_N))


def delong_covariance(labels_N: NDArray[np.integer], scores_MN: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """AUCs [M] of M models on the same rows, and their covariance [M, M]."""
    is_positive_N = np.asarray(labels_N) == 1
    n_positive, n_negative = int(is_positive_N.sum()), int((~is_positive_N).sum())
    # A row's rank among all rows less its rank among its own label counts the rows of the other label below it.
    below = stats.rankdata(scores_MN, axis=1)
    for mine in (is_positive_N, ~is_positive_N):
        below[:, mine] -= stats.rankdata(scores_MN[:, mine], axis=1)
    share_MA = below[:, is_positive_N] / n_negative
    share_MB = 1 - below[:, ~is_positive_N] / n_positive
    covariance: Floats = np.cov(share_MA) / n_positive + np.cov(share_MB) / n_negative
    return share_MA.mean(axis=1), covariance


def check_scores(labels_N: NDArray[np.integer], *scores: NDArray[np.floating]) -> None:
    """Whether AUCs of these scores can be compared.

    Raises:
        UserError: different numbers of rows, labels other than 0 and 1, fewer than two rows of either label, or a
            score that is not finite.
    """
    for score_N in scores:
        if len(score_N) != len(labels_N):
            raise UserError(f"{len(labels_N)} labels and {len(score_N)} predictions: need the same rows")
        if not np.isfinite(score_N).all():
            row = int(np.flatnonzero(~np.isfinite(score_N))[0])
            raise UserError(f"prediction of row {row} is {score_N[row]}: must be a finite number")
    if not np.isin(labels_N, (0, 1)).all():
        odd = np.asarray(labels_N)[~np.isin(labels_N, (0, 1))][0]
        raise UserError(f"label {odd}: must be 0 or 1")
    counts = [int(np.sum(np.asarray(labels_N) == label)) for label in (0, 1)]
    if min(counts) < 2:
        raise UserError(f"{counts[0]} rows of label 0 and {counts[1]} of label 1: AUCs need two of each, at least")


def _differences(first: Sequence[float], second: Sequence[float]) -> Floats:
    if len(first) != len(second):
        raise UserError(f"{len(first)} and {len(second)} seeds: a paired test needs the same seeds")
    difference = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    if not np.isfinite(difference).all():
        seed = int(np.flatnonzero(~np.isfinite(difference))[0])
        raise UserError(f"values {first[seed]} and {second[seed]} in place {seed}: must be finite numbers")
    return difference


def _normal(difference: float, error: float, n: int) -> Comparison:
    p = float(2 * stats.norm.sf(abs(difference) / error)) if error > 0 else float(difference == 0)
    return Comparison(difference=difference, standard_error=error, p=p, n=n)
