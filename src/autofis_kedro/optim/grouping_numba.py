"""The reads of a batch grouped by row, on all of torch's threads.

Every thread goes through all reads and takes those of its own range of rows. Most of the time is waiting for a row's
entry of a table with one number per row, which is asked for some reads ahead.

Shapes: N rows of a table, Z reads of a batch, U different rows among them, T threads.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange

from autofis_kedro.compiled.loops import Array
from autofis_kedro.compiled.prefetch import prefetch_row

MAX_THREADS = 4
"""Each goes through all reads: more would not be faster."""
FEW_READS = 8_192
"""Are grouped on one thread."""
SAMPLE = 1_024
AHEAD = 48
"""Reads between asking for an entry and using it."""


def group(ids_Z: Array, slot_N: Array, n_threads: int) -> tuple[Array, Array, Array]:
    """``Reads`` of the ids: int32.

    Args:
        slot_N: room to work in, int32, -1 everywhere before and after.
    """
    return _group(ids_Z, slot_N, _ranges(ids_Z, min(n_threads, MAX_THREADS) if len(ids_Z) > FEW_READS else 1))


def _ranges(ids_Z: Array, n_ranges: int) -> Array:
    """Bounds of ranges of rows that have about as many reads each: [T + 1]."""
    bounds = np.empty(n_ranges + 1, dtype=np.int32)
    bounds[0], bounds[-1] = 0, np.iinfo(np.int32).max
    if n_ranges > 1:
        sample = np.sort(ids_Z[:SAMPLE])
        bounds[1:-1] = sample[len(sample) * np.arange(1, n_ranges) // n_ranges]
    return bounds


@njit(parallel=True, cache=True)
def _group(ids_Z: Array, slot_N: Array, bounds: Array) -> tuple[Array, Array, Array]:
    threads, reads = len(bounds) - 1, len(ids_Z)
    rows_TZ, ends_TZ = np.empty((threads, reads + 1), np.int32), np.zeros((threads, reads + 1), np.int32)
    slot_Z = np.empty(reads, np.int32)
    n_rows, n_reads = np.zeros(threads + 1, np.int64), np.zeros(threads + 1, np.int64)
    for t in prange(threads):
        n_rows[t + 1], n_reads[t + 1] = _number_rows(
            ids_Z, slot_N, bounds[t], bounds[t + 1], slot_Z, rows_TZ[t], ends_TZ[t]
        )
    for t in range(threads):
        n_rows[t + 1] += n_rows[t]
        n_reads[t + 1] += n_reads[t]
    rows_U, starts_U = np.empty(n_rows[threads], np.int32), np.empty(n_rows[threads] + 1, np.int32)
    order_Z = np.empty(reads, np.int32)
    starts_U[-1] = reads
    for t in prange(threads):
        rows, ends, first = rows_TZ[t], ends_TZ[t], n_rows[t]
        ends[0] = n_reads[t]
        for u in range(n_rows[t + 1] - first):
            ends[u + 1] += ends[u]
            rows_U[first + u], starts_U[first + u] = rows[u], ends[u]
            slot_N[rows[u]] = -1  # as it was found
        for z in range(reads):
            if bounds[t] <= ids_Z[z] < bounds[t + 1]:
                order_Z[ends[slot_Z[z]]] = z
                ends[slot_Z[z]] += 1
    return rows_U, order_Z, starts_U


@njit(cache=True)
def _number_rows(
    ids_Z: Array, slot_N: Array, low: int, high: int, slot_Z: Array, rows: Array, counts: Array
) -> tuple[Any, Any]:
    """Number the rows of a range by their first read, and count each one's reads, one place on; how many of both.

    Without a branch on whether a row is new: it could not be foretold.
    """
    n_rows, n_reads = np.int32(0), 0
    for z in range(len(ids_Z)):
        if z + AHEAD < len(ids_Z) and low <= ids_Z[z + AHEAD] < high:
            prefetch_row(slot_N, ids_Z[z + AHEAD])
        row = ids_Z[z]
        if low <= row < high:
            known = slot_N[row]
            slot = n_rows if known < 0 else known
            slot_N[row], rows[n_rows], slot_Z[z] = slot, row, slot
            n_rows += np.int32(known < 0)
            counts[slot + 1] += 1
            n_reads += 1
    return n_rows, n_reads
