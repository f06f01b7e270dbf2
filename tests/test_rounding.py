"""The law of rounding that other tests lean on holds, and tells what is no rounding."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rounding import Sized, assert_rounded, bound, magnitudes


@settings(deadline=None)
@given(st.integers(1, 300), st.floats(0, 1000), st.integers(0, 99))
def test_sums_in_any_order_keep_the_bound(n, mean, seed):
    terms = torch.randn(n, generator=torch.Generator().manual_seed(seed)) + mean
    exact, total = terms.double().sum(), terms.new_zeros(())
    for term in terms:
        total = total + term
    for found in (total, terms.flip(0).cumsum(0)[-1], terms.sum()):
        assert_rounded(found, exact, n, terms.double().abs().sum())


def test_a_wrong_term_shows():
    terms = torch.ones(100)
    with pytest.raises(AssertionError, match=r"off by 0\.00[12]\d*, allowed 0\.000"):
        assert_rounded(terms.sum() + 1.5e-3, 100.0, 100, 100.0)
    with pytest.raises(AssertionError, match="not finite"):
        assert_rounded(terms * torch.nan, 1.0, 100, 100.0)


def test_the_bound_is_of_the_type_that_was_rounded_to():
    assert bound(1, 1.0, torch.bfloat16) == pytest.approx(2.0**-8, rel=0.01)
    with pytest.raises(AssertionError):
        assert_rounded(np.array([1 + 1e-9]), [1.0], 2, 1.0)
    assert_rounded(np.array([1 + 1e-7], np.float32), [1.0], 2, 1.0)


def test_the_polynomial_of_the_magnitudes_is_the_sum_of_the_terms_magnitudes():
    (x,) = magnitudes(torch.tensor([3.0, -2.0]))
    (x[0] * x[1] + x[0] * x[0]).backward()
    assert x.grad.tolist() == [2 + 2 * 3, 3]


@settings(deadline=None)
@given(st.integers(0, 999))
def test_sized_numbers_hold_their_rounded_twins(seed):
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=8).astype(np.float32)

    def formula(a):
        scores = np.exp(a[:4] * a[4:] - a[0])
        scores = scores / scores.sum()
        spread = np.sqrt((a * a).mean() + 0.5)
        return np.maximum(scores @ a[4:], 0.0) / spread - a[1]

    sized = formula(np.array([Sized(float(a)) for a in numbers], dtype=object))
    assert sized.value == pytest.approx(formula(numbers.astype(np.float64)))
    assert_rounded(np.array([formula(numbers)]), [sized.value], sized.operations, sized.size)
