"""Metrics against their definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autofis_kedro.errors import UserError
from autofis_kedro.evaluation.metrics import log_losses, score, summarise
from autofis_kedro.evaluation.significance import paired_rows, paired_t_test


def problem(seed, n=60):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n).astype(np.uint8)
    labels[:2] = 0, 1
    return labels, np.round(rng.random(n), 2).astype(np.float32)


@given(st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_auc_is_the_share_of_pairs_in_the_right_order(seed):
    labels, p = problem(seed)
    positive, negative = p[labels == 1][:, None], p[labels == 0][None]
    expected = (positive > negative).mean() + 0.5 * (positive == negative).mean()
    assert score(labels, p).auc == pytest.approx(expected)
    assert score(labels, p**2 / 2).auc == pytest.approx(expected), "a monotone transform changes no order"


@given(st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_log_loss_and_calibration_by_definition_in_any_row_order(seed):
    labels, p = problem(seed)
    p = np.clip(p, 0.01, 0.99)
    by_row = [-np.log(float(q)) if y else -np.log(1 - float(q)) for y, q in zip(labels, p, strict=True)]
    np.testing.assert_allclose(log_losses(labels, p), by_row, rtol=1e-12)
    found, order = score(labels, p), np.random.default_rng(seed).permutation(len(p))
    assert found.log_loss == pytest.approx(np.mean(by_row))
    assert found.calibration == pytest.approx(p.mean() / labels.mean(), rel=1e-5)
    assert score(labels[order], p[order]).auc == pytest.approx(found.auc)


@pytest.mark.parametrize(
    ("labels", "p", "message"),
    [
        ([0, 1], [0.5], "2 labels and 1 predictions"),
        ([1, 1], [0.5, 0.5], "the label is 1 in all 2 rows"),
        ([0, 1], [0.5, float("nan")], "prediction of row 1 is nan"),
        ([0, 1], [1.5, 0.5], "prediction of row 0 is 1.5"),
        ([], [], "0 labels"),
    ],
)
def test_bad_input_is_named(labels, p, message):
    with pytest.raises(UserError, match=message):
        score(np.array(labels, dtype=np.uint8), np.array(p))


def test_t_test_equals_the_formula():
    first, second = [0.5, 0.61, 0.57], [0.52, 0.66, 0.58]
    d = np.subtract(first, second)
    found = paired_t_test(first, second)
    t = d.mean() / (d.std(ddof=1) / 3**0.5)
    # Student's t with 2 degrees of freedom has a closed form.
    expected = 1 - abs(t) / (t * t + 2) ** 0.5
    assert found.p == pytest.approx(expected)
    assert found.difference == pytest.approx(d.mean())


def test_one_seed_says_nothing_about_chance():
    assert paired_t_test([0.5], [0.6]) is None
    assert summarise([0.5]).std is None
    assert summarise([0.5, 0.7]).std == pytest.approx(0.1 * 2**0.5)


def test_unequal_seeds_are_an_error():
    with pytest.raises(UserError, match="2 and 1 seeds"):
        paired_t_test([0.1, 0.2], [0.1])


def test_paired_rows_finds_a_shift_that_is_there():
    rng = np.random.default_rng(0)
    losses = rng.exponential(size=5000)
    same, shifted = losses + rng.normal(0, 0.01, 5000), losses + 0.01 + rng.normal(0, 0.01, 5000)
    assert paired_rows(shifted, losses).p < 1e-6
    assert paired_rows(same, losses).p > 1e-3
