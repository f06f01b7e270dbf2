"""Ratios of two sums over users (CTR, CVR), how uncertain they are, and how one group's relates to another's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from autofis_kedro.config import Frozen
from autofis_kedro.errors import UserError


class Ratio(Frozen):
    """A ratio of two sums.

    Attributes:
        value: the ratio; nan where the lower sum is 0.
        standard_error: over users; nan with fewer than two.
    """

    value: float
    standard_error: float


class Improvement(Frozen):
    """A ratio relative to another: 0.05 is 5 % more. Everything is nan where a ratio is 0 or unknown.

    Attributes:
        value: first / second - 1.
        standard_error: of it.
        low: lower end of the confidence interval.
        high: upper end.
    """

    value: float
    standard_error: float
    low: float
    high: float


def ratio_over_users(upper_U: NDArray[np.floating], lower_U: NDArray[np.floating]) -> Ratio:
    """Sum of ``upper_U`` over sum of ``lower_U``, with the delta method's standard error.

    Users are what was drawn independently; the impressions of one user are not, so counting impressions as
    independent would make the interval too narrow (Deng, Knoblich and Lu 2018).
    """
    total, n = float(lower_U.sum()), len(lower_U)
    if total == 0:
        return Ratio(value=np.nan, standard_error=np.nan)
    value = float(upper_U.sum() / total)
    if n < 2:
        return Ratio(value=value, standard_error=np.nan)
    residual_U = upper_U - value * lower_U
    return Ratio(value=value, standard_error=float(np.sqrt((residual_U @ residual_U) * n / (n - 1)) / total))


def improvement(first: Ratio, second: Ratio, confidence: float = 0.95) -> Improvement:
    """First against second, two independent groups.

    The interval is that of the difference of logarithms: symmetric in what is called first, and never below -100 %.
    """
    if not (first.value > 0 and second.value > 0):
        return Improvement(value=np.nan, standard_error=np.nan, low=np.nan, high=np.nan)
    ratio = first.value / second.value
    error = float(np.hypot(first.standard_error / first.value, second.standard_error / second.value))
    reach = np.exp(norm.ppf((1 + confidence) / 2) * error)
    low, high = float(ratio / reach - 1), float(ratio * reach - 1)
    return Improvement(value=ratio - 1, standard_error=ratio * error, low=low, high=high)


def mean_improvement(days: Sequence[Improvement], confidence: float = 0.95) -> Improvement:
    """Mean over independent days, and its normal interval.

    Raises:
        UserError: no days.
    """
    if not days:
        raise UserError("mean improvement: 0 days are given; 1 or more are needed")
    value = float(np.mean([day.value for day in days]))
    error = float(np.linalg.norm([day.standard_error for day in days]) / len(days))
    reach = float(norm.ppf((1 + confidence) / 2)) * error
    return Improvement(value=value, standard_error=error, low=value - reach, high=value + reach)
