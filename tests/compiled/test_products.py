"""The small matrix product is numpy's, whatever the shapes and however the matrices lie in memory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from autofis_kedro.compiled.loops import padded
from autofis_kedro.compiled.products import multiply
from tests.rounding import assert_rounded


@njit
def product(a_XF, e_FS, into_XS):
    multiply(a_XF, e_FS, into_XS)


def numbers(rng, *shape):
    return rng.normal(size=shape).astype(np.float32)


def exact(a_XF, e_FS):
    return a_XF.astype(np.float64) @ e_FS


@given(st.integers(0, 20), st.integers(0, 30), st.integers(0, 110), st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_equals_numpys_product(rows, inner, columns, seed):
    rng = np.random.default_rng(seed)
    a_XF, e_FS = numbers(rng, rows, inner), numbers(rng, inner, columns)
    into_XS = np.full((rows, columns), np.nan, np.float32)
    product(a_XF, e_FS, into_XS)
    assert_rounded(into_XS, exact(a_XF, e_FS), inner, exact(np.abs(a_XF), np.abs(e_FS)))


def test_takes_transposes_and_parts_of_larger_matrices():
    rng = np.random.default_rng(0)
    a_FX, e_FY, into_ZY = numbers(rng, 40, 19), numbers(rng, 40, 90), numbers(rng, 30, 90)
    before_ZY = into_ZY.copy()
    product(a_FX.T, e_FY[:, 5:82], into_ZY[4:23, 5:82])
    a_XF, part_FS = a_FX.T, e_FY[:, 5:82]
    assert_rounded(into_ZY[4:23, 5:82], exact(a_XF, part_FS), 40, exact(np.abs(a_XF), np.abs(part_FS)))
    before_ZY[4:23, 5:82] = into_ZY[4:23, 5:82]
    np.testing.assert_array_equal(into_ZY, before_ZY, "memory beside the product was written")


def test_a_row_that_is_not_finite_shows():
    a_XF, e_FS = np.ones((9, 2), np.float32), np.ones((2, 70), np.float32)
    e_FS[1, 3] = np.nan
    into_XS = np.empty((9, 70), np.float32)
    product(a_XF, e_FS, into_XS)
    assert np.isnan(into_XS[:, 3]).all()
    assert np.isfinite(np.delete(into_XS, 3, axis=1)).all()


@pytest.mark.parametrize(("size", "to", "expected"), [(40, 16, 48), (16, 16, 16), (1, 8, 8), (24, 8, 24)])
def test_padding_is_the_least_multiple(size, to, expected):
    assert padded(size, to) == expected
