"""Ratios over users and their improvement."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from autofis_kedro.errors import UserError
from autofis_kedro.evaluation.ratio import Ratio, improvement, mean_improvement, ratio_over_users


def users(seed, n=800):
    """Clicks and impressions of users who differ."""
    rng = np.random.default_rng(seed)
    impressions = 10 * (1 + rng.poisson(1.5, n))
    return rng.binomial(impressions, rng.beta(0.5, 0.5, n)).astype(float), impressions.astype(float)


def test_the_standard_error_is_the_bootstraps_over_users():
    clicks, impressions = users(0)
    found = ratio_over_users(clicks, impressions)
    resampled = bootstrap(
        (clicks, impressions),
        lambda c, i, axis=-1: c.sum(axis) / i.sum(axis),
        paired=True,
        n_resamples=4000,
        method="percentile",
        rng=np.random.default_rng(1),
    )
    assert found.value == clicks.sum() / impressions.sum()
    assert found.standard_error == pytest.approx(resampled.standard_error, rel=0.05)
    naive = np.sqrt(found.value * (1 - found.value) / impressions.sum())
    assert found.standard_error > 2 * naive, "impressions of one user are not independent"


def test_over_one_impression_each_it_is_the_mean_and_its_standard_error():
    clicks, _ = users(0)
    found = ratio_over_users(clicks, np.ones_like(clicks))
    assert found.value == pytest.approx(clicks.mean())
    assert found.standard_error == pytest.approx(clicks.std(ddof=1) / np.sqrt(len(clicks)))


def test_exchanging_the_groups_inverts_the_interval():
    first, second = ratio_over_users(*users(0)), ratio_over_users(*users(1))
    there, back = improvement(first, second), improvement(second, first)
    assert 1 + there.value == pytest.approx(1 / (1 + back.value))
    assert 1 + there.low == pytest.approx(1 / (1 + back.high))
    assert there.low < there.value < there.high
    wider = improvement(first, second, confidence=0.99)
    assert wider.low < there.low
    assert wider.high > there.high


def test_the_mean_of_equal_days_is_a_day_with_a_smaller_error():
    day = improvement(ratio_over_users(*users(0)), ratio_over_users(*users(1)))
    mean = mean_improvement([day] * 9)
    assert mean.value == pytest.approx(day.value)
    assert mean.standard_error == pytest.approx(day.standard_error / 3)
    assert (mean.low + mean.high) / 2 == pytest.approx(mean.value)
    with pytest.raises(UserError, match="0 days"):
        mean_improvement([])


def test_an_improvement_over_nothing_is_unknown():
    nothing = ratio_over_users(np.zeros(5), np.ones(5))
    something = Ratio(value=0.5, standard_error=0.1)
    assert nothing.value == 0
    assert np.isnan(improvement(something, nothing).value)
    assert np.isnan(improvement(nothing, something).low)
    assert np.isnan(ratio_over_users(np.zeros(0), np.zeros(0)).value)
