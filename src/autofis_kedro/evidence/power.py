"""How small an interaction could these rows show? The other side of "not confirmed".

Where every joint value's effect has variance t (nats^2), the statistic's mean is t times ``per_effect`` and its
spread about that of the null: the smallest t that passes with a wanted probability follows from two quantiles.
"""

from __future__ import annotations

from scipy.stats import norm, pearson3

from autofis_kedro.evidence.score import Score

WANTED = 0.8
"""Probability with which an interaction of the size named is confirmed."""


def smallest_effect(score: Score, limit: float) -> float | None:
    """Standard deviation of the joint values' effects (in nats, on the logit) that is confirmed in 8 of 10 logs.

    The spread under the alternative grows with the effect; the null's is used, so that the true figure is somewhat
    larger. None where the tuple has no degree of freedom.

    Args:
        score: the tuple's test.
        limit: what p must stay below.
    """
    if score.variance <= 0 or score.per_effect <= 0:
        return None
    needed = float(pearson3.isf(limit, score.skewness)) + float(norm.ppf(WANTED))
    return float((needed * score.variance**0.5 / score.per_effect) ** 0.5)
