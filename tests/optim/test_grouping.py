"""Reads grouped by row: each read once, with its row, in its own order, on any number of threads."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autofis_kedro.optim.grouping_numba import FEW_READS, group

ROWS = 500


def check(ids_Z, n_threads):
    slot_N = np.full(ROWS, -1, np.int32)
    rows_U, order_Z, starts_U = group(ids_Z, slot_N, n_threads)
    assert (slot_N == -1).all(), "the room to work in is not as it was found"
    np.testing.assert_array_equal(np.sort(rows_U), np.unique(ids_Z))
    assert starts_U[0] == 0
    assert starts_U[-1] == len(ids_Z)
    np.testing.assert_array_equal(np.sort(order_Z), np.arange(len(ids_Z)))
    for u, row in enumerate(rows_U):
        np.testing.assert_array_equal(order_Z[starts_U[u] : starts_U[u + 1]], np.flatnonzero(ids_Z == row))


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.integers(0, ROWS - 1), min_size=1, max_size=60), st.integers(1, 5))
def test_few_reads(ids, n_threads):
    check(np.array(ids, np.int32), n_threads)


@pytest.mark.parametrize("n_threads", [1, 2, 3, 9])
@pytest.mark.parametrize("power", [1, 8], ids=["even", "uneven"])
def test_more_reads_than_one_thread_takes(n_threads, power):
    rng = np.random.default_rng(0)
    check((ROWS * rng.random(FEW_READS + 999) ** power).astype(np.int32), n_threads)


def test_one_row_alone_and_rows_at_both_ends():
    check(np.zeros(FEW_READS + 1, np.int32), 4)
    check(np.tile(np.array([0, ROWS - 1], np.int32), FEW_READS), 4)
