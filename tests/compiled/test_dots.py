"""Inner products of eight pairs at once are numpy's, for any number of pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from autofis_kedro.compiled.dots import LANES, PAIRS, blocks_of, put_dots
from tests.rounding import assert_rounded


@njit
def dots(e_FS, first_P, second_P, into_P):
    put_dots(e_FS, first_P, second_P, blocks_of(first_P), into_P)


@settings(deadline=None)  # the first call compiles
@given(pairs=st.integers(0, 4 * PAIRS), vectors=st.integers(1, 3), seed=st.integers(0, 99))
def test_equals_numpys_products(pairs, vectors, seed):
    rng = np.random.default_rng(seed)
    e_FS = rng.normal(size=(7, vectors * LANES)).astype(np.float32)
    first_P, second_P = rng.integers(7, size=(2, pairs))
    into_P = np.full(pairs + 2, np.float32(5))
    dots(e_FS, first_P, second_P, into_P[1:-1])
    products_PS = e_FS.astype(np.float64)[first_P] * e_FS[second_P]
    assert_rounded(into_P[1:-1], products_PS.sum(1), vectors * LANES, np.abs(products_PS).sum(1))
    assert into_P[0] == into_P[-1] == 5, "memory beside the products was written"


@pytest.mark.parametrize("pairs", [3, PAIRS, 2 * PAIRS + 1])
def test_only_products_with_a_bad_row_are_bad(pairs):
    e_FS = np.ones((4, LANES), np.float32)
    e_FS[2, 1] = np.nan
    first_P, second_P = np.zeros(pairs, np.int64), np.ones(pairs, np.int64)
    second_P[1] = 2
    into_P = np.empty(pairs, np.float32)
    dots(e_FS, first_P, second_P, into_P)
    assert np.isnan(into_P[1])
    assert (np.delete(into_P, 1) == LANES).all()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 25)), max_size=12))
def test_blocks_hold_every_pair_and_the_first_ones_one_row_each(runs):
    first_P = np.array([row for row, length in runs for _ in range(length)], dtype=np.int64)
    start_T, n_of_one = blocks_of(first_P)
    if len(first_P) < PAIRS:
        assert not len(start_T)
        return
    held = [list(range(start, start + PAIRS)) for start in start_T]
    assert {p for block in held for p in block} == set(range(len(first_P)))
    assert all(len(set(first_P[block])) == 1 for block in held[:n_of_one])
    assert len(held) <= 2 * len(first_P) // PAIRS + 1
