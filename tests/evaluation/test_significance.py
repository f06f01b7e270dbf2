"""Tests of differences against their definitions, scipy and resampling."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from autofis_kedro.errors import UserError
from autofis_kedro.evaluation.bootstrap import paired_bootstrap
from autofis_kedro.evaluation.metrics import log_losses, score
from autofis_kedro.evaluation.significance import (
    delong,
    delong_covariance,
    effect_size,
    paired_rows,
    paired_t_test,
    wilcoxon_test,
)

FIRST, SECOND = [0.512, 0.618, 0.577, 0.533, 0.521], [0.523, 0.661, 0.58, 0.531, 0.549]


def rows(seed, n=80, digits=2, shift=0.4):
    """Labels and two models' correlated probabilities, with ties where ``digits`` are few."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(n) < 0.35).astype(np.uint8)
    labels[:4] = 0, 0, 1, 1
    common = rng.normal(size=n) + 0.8 * labels
    logits = [common + rng.normal(0, 0.6, n) + bonus * labels for bonus in (shift, 0.0)]
    return labels, *(np.round(1 / (1 + np.exp(-z)), digits) for z in logits)


def components(labels, p):
    """DeLong's structural components as defined: for each row the mean over all rows of the other label."""
    positive, negative = p[labels == 1], p[labels == 0]
    kernel = [[1.0 if x > y else 0.5 if x == y else 0.0 for y in negative] for x in positive]
    return np.mean(kernel, axis=1), np.mean(kernel, axis=0)


@given(st.integers(0, 10_000), st.sampled_from([1, 2, 8]))
@settings(max_examples=40, deadline=None)
def test_delongs_covariance_is_that_of_the_structural_components(seed, digits):
    labels, first, second = rows(seed, digits=digits)
    aucs, covariance = delong_covariance(labels, np.stack([first, second]))
    (x1, y1), (x2, y2) = components(labels, first), components(labels, second)
    by_hand = [
        [np.cov(xa, xb)[0, 1] / len(xa) + np.cov(ya, yb)[0, 1] / len(ya) for xb, yb in ((x1, y1), (x2, y2))]
        for xa, ya in ((x1, y1), (x2, y2))
    ]
    np.testing.assert_allclose(covariance, by_hand, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(aucs, [score(labels, first).auc, score(labels, second).auc])


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_delong_is_antisymmetric_and_sees_the_order_alone(seed):
    labels, first, second = rows(seed)
    found, swapped = delong(labels, first, second), delong(labels, second, first)
    assert found.difference == pytest.approx(score(labels, first).auc - score(labels, second).auc)
    assert swapped.difference == pytest.approx(-found.difference)
    assert swapped.p == pytest.approx(found.p)
    monotone = delong(labels, first**3 / 2, 5 * second)
    assert monotone.model_dump() == pytest.approx(found.model_dump())
    permutation = np.random.default_rng(seed).permutation(len(labels))
    shuffled = delong(labels[permutation], first[permutation], second[permutation])
    assert shuffled.model_dump() == pytest.approx(found.model_dump())


def test_delongs_error_is_the_bootstraps():
    labels, first, second = rows(3, n=3000, digits=8, shift=0.1)
    found = delong(labels, first, second)
    drawn = paired_bootstrap(labels, first, second, "auc", n_draws=600)
    assert drawn.difference == pytest.approx(found.difference)
    # the standard deviation of a standard deviation over 600 draws is 3 %
    assert drawn.standard_error == pytest.approx(found.standard_error, rel=0.12)
    low, high = found.interval()
    assert (drawn.low, drawn.high) == pytest.approx((low, high), abs=0.4 * found.standard_error)


def test_delong_rejects_as_often_as_it_should():
    p = [delong(*rows(seed, n=200, digits=8, shift=0.0)).p for seed in range(400)]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.035)
    assert stats.kstest(p, "uniform").pvalue > 1e-3
    assert delong(*rows(0, n=2000, shift=0.5)).p < 1e-6


def test_a_model_against_itself_is_no_difference():
    labels, first, _ = rows(1)
    for other in (first, first / 2):
        found = delong(labels, first, other)
        assert (found.difference, found.standard_error, found.p) == (0, 0, 1)


def test_the_bootstrap_of_log_loss_has_the_error_of_the_mean():
    labels, first, second = rows(4, n=3000, digits=4)
    by_formula = paired_rows(log_losses(labels, first), log_losses(labels, second))
    drawn = paired_bootstrap(labels, first, second, "log_loss", n_draws=800)
    assert drawn.difference == pytest.approx(by_formula.difference)
    assert drawn.standard_error == pytest.approx(by_formula.standard_error, rel=0.1)
    assert drawn.low < drawn.difference < drawn.high
    again = paired_bootstrap(labels, first, second, "log_loss", n_draws=800)
    assert again == drawn, "the same seed draws the same rows"
    narrow = paired_bootstrap(labels, first, second, "log_loss", n_draws=800, confidence=0.5)
    assert narrow.high - narrow.low < 0.6 * (drawn.high - drawn.low)


def test_seeds_are_tested_as_scipy_does():
    assert paired_t_test(FIRST, SECOND).p == pytest.approx(stats.ttest_rel(FIRST, SECOND).pvalue)
    assert wilcoxon_test(FIRST, SECOND) == pytest.approx(stats.wilcoxon(FIRST, SECOND).pvalue)
    interval = stats.ttest_rel(FIRST, SECOND).confidence_interval(0.9)
    assert paired_t_test(FIRST, SECOND).interval(0.9) == pytest.approx((interval.low, interval.high))


def test_wilcoxons_p_by_counting_every_sign():
    d = np.subtract(FIRST, SECOND)
    ranks = stats.rankdata(np.abs(d))
    signs = [[1 if n >> i & 1 else 0 for i in range(5)] for n in range(32)]
    sums = np.array([np.dot(sign, ranks) for sign in signs])
    observed = ranks[d > 0].sum()
    expected = 2 * min((sums <= observed).mean(), (sums >= observed).mean())
    assert wilcoxon_test(FIRST, SECOND) == pytest.approx(expected)
    assert wilcoxon_test(range(5), [n + 2 + 0.1 * n for n in range(5)]) == pytest.approx(0.0625)
    assert wilcoxon_test(FIRST, FIRST) == 1.0


def test_the_effect_size_is_that_of_the_t_statistic():
    t = stats.ttest_rel(FIRST, SECOND).statistic
    assert effect_size(FIRST, SECOND) == pytest.approx(t / 5**0.5)
    scaled = effect_size([7 * value for value in FIRST], [7 * value for value in SECOND])
    assert scaled == pytest.approx(effect_size(FIRST, SECOND))
    assert effect_size(FIRST, [value - 0.1 for value in FIRST]) is None, "without spread it has no unit"


def test_one_seed_says_nothing():
    assert wilcoxon_test([0.5], [0.6]) is None
    assert effect_size([0.5], [0.6]) is None


NAN = float("nan")
LABELS, P = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize("test", [paired_t_test, wilcoxon_test, effect_size])
def test_bad_seeds_are_named(test):
    with pytest.raises(UserError, match="2 and 1 seeds"):
        test([0.1, 0.2], [0.1])
    with pytest.raises(UserError, match=r"nan and 0\.3 in place 1: must be finite"):
        test([0.1, NAN], [0.1, 0.3])


@pytest.mark.parametrize(
    ("labels", "second", "message"),
    [
        (LABELS, P[:3], "4 labels and 3 predictions"),
        (LABELS, np.array([0.1, NAN, 0.2, 0.3]), "prediction of row 1 is nan"),
        (np.zeros(4, int), P, "4 rows of label 0 and 0 of label 1"),
        (np.array([0, 0, 0, 1]), P, "3 rows of label 0 and 1 of label 1"),
        (np.array([0, 2, 1, 1]), P, "label 2: must be 0 or 1"),
    ],
)
def test_bad_rows_are_named(labels, second, message):
    with pytest.raises(UserError, match=message):
        delong(labels, P, second)
    with pytest.raises(UserError, match=message):
        paired_bootstrap(labels, P, second, "auc")


def test_bad_requests_are_named():
    with pytest.raises(UserError, match="confidence 95"):
        delong(LABELS, P, P).interval(95)
    with pytest.raises(UserError, match="n_draws 1"):
        paired_bootstrap(LABELS, P, P, "auc", n_draws=1)
    with pytest.raises(UserError, match="loss of row 1"):
        paired_rows(np.array([0.1, NAN]), np.array([0.1, 0.2]))
