"""The small matrix product is numpy's."""

import numpy as np
import pytest
from numba import njit

from autofis_kedro.compiled.mixing import LANES, MIXTURES, mix, padded


@njit
def mixed(weight_XF, e_FS, into_XS):
    mix(weight_XF, e_FS, into_XS)


@pytest.mark.parametrize("n_rows", [1, 5, 24])
@pytest.mark.parametrize(("mixtures", "numbers"), [(1, 1), (1, 3), (3, 2)])
def test_equals_numpys_product(n_rows, mixtures, numbers):
    rng = np.random.default_rng(0)
    weight_XF = rng.normal(size=(mixtures * MIXTURES, n_rows)).astype(np.float32)
    e_FS = rng.normal(size=(n_rows, numbers * LANES)).astype(np.float32)
    into_XS = np.full((len(weight_XF), e_FS.shape[1]), np.nan, np.float32)
    mixed(weight_XF, e_FS, into_XS)
    np.testing.assert_allclose(into_XS, weight_XF.astype(np.float64) @ e_FS, rtol=1e-4, atol=1e-5)


def test_a_row_that_is_not_finite_shows():
    weight_XF, e_FS = np.ones((MIXTURES, 2), np.float32), np.ones((2, LANES), np.float32)
    e_FS[1, 3] = np.nan
    into_XS = np.empty((MIXTURES, LANES), np.float32)
    mixed(weight_XF, e_FS, into_XS)
    assert np.isnan(into_XS[:, 3]).all()
    assert np.isfinite(np.delete(into_XS, 3, axis=1)).all()


@pytest.mark.parametrize(("size", "to", "expected"), [(40, 16, 48), (16, 16, 16), (1, 8, 8), (24, 8, 24)])
def test_padding_is_the_least_multiple(size, to, expected):
    assert padded(size, to) == expected
