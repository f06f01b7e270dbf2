"""A formula over rows is that formula at each of their places, and nowhere else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from numba.core.errors import TypingError

from autofis_kedro.compiled.vectors import over_rows
from tests.rounding import assert_rounded

_fused = over_rows(
    lambda rows, shared: (rows[0] - shared[0] * rows[1] / (rows[2].sqrt() + shared[1]), rows[1] + rows[0])
)
_copy = over_rows(lambda rows, _: (rows[1],))


@njit
def fused(size, a, b, c, starts, shared):
    _fused(size, (a, b, c), starts, shared)


@njit
def copy(size, a, b, start_a, start_b):
    _copy(size, (a, b), (start_a, start_b), (np.float32(0),))


@settings(deadline=None)  # the first call compiles
@given(size=st.integers(0, 70), starts=st.tuples(*[st.integers(0, 9)] * 3), seed=st.integers(0, 99))
def test_is_the_formula_at_every_place_and_leaves_the_rest(size, starts, seed):
    rng = np.random.default_rng(seed)
    given_arrays = [rng.uniform(0.5, 2, 80).astype(np.float32) for _ in range(3)]
    a, b, c = (
        array.astype(np.float64)[start : start + size] for array, start in zip(given_arrays, starts, strict=True)
    )
    found = [array.copy() for array in given_arrays]
    fused(size, *found, starts, (np.float32(0.3), np.float32(0.1)))
    moved = np.float32(0.3) * b / (np.sqrt(c) + np.float32(0.1))  # rounded five times, then subtracted
    law = (a - moved, 6, a + moved), (a + b, 1, a + b), (c, 0, c)
    for array, before, start, expected in zip(found, given_arrays, starts, law, strict=True):
        assert_rounded(array[start : start + size], *expected)
        rest = np.r_[0:start, start + size : len(array)]
        np.testing.assert_array_equal(array[rest], before[rest])


@pytest.mark.parametrize("size", [3, 8, 21])
def test_what_is_not_finite_stays_so_and_alone(size):
    a, b = np.zeros(30, np.float32), np.arange(30, dtype=np.float32)
    b[5], b[6] = np.nan, np.inf
    copy(size, a, b, 0, 5)
    np.testing.assert_array_equal(a[:size], b[5 : 5 + size])
    assert not a[size:].any()


_kept = over_rows(lambda rows, _: (rows[1].where_positive(rows[2]),))


@njit
def kept(into, a, b):
    _kept(len(a), (into, a, b), (0, 0, 0), (np.float32(0),))


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.floats(width=32)] * 2), min_size=1, max_size=20))
def test_zero_where_the_other_is_not_positive(pairs):
    a, b = np.array(pairs, dtype=np.float32).T.copy()
    into = np.empty_like(a)
    kept(into, a, b)
    np.testing.assert_array_equal(into, np.where(b <= 0, np.float32(0), a))


def test_other_numbers_are_refused():
    with pytest.raises(TypingError, match="float32 and int16"):
        copy(3, np.zeros(3), np.zeros(3), 0, 0)
