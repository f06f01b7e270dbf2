"""The loops of ``hash_table``, compiled by numba; other threads run meanwhile."""

from __future__ import annotations

from numba import njit

from autofis_kedro.data import hash_table

insert_loop = njit(nogil=True, cache=True)(hash_table.insert_loop)
find_loop = njit(nogil=True, cache=True)(hash_table.find_loop)
