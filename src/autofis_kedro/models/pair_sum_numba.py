"""The sum of all pairs' products compiled by numba: each batch row's vectors are in the nearest cache while they count.

Shapes: B rows, F fields, K embedding size, N rows of a table, Z = B * F reads, U different rows among them.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from torch import Tensor

from autofis_kedro.compiled.loops import FAST, PARTS, ZERO, Array, arrays
from autofis_kedro.compiled.prefetch import AHEAD, prefetch_read
from autofis_kedro.compiled.threads import use_torch_threads
from autofis_kedro.compiled.vectors import over_rows
from autofis_kedro.data.reads import Reads

HALF = np.float32(0.5)


def forward(table_NK: Tensor, rows_BF: Tensor) -> tuple[Tensor, Tensor]:
    """The sum over pairs [B], and the sum of the vectors [B, K]."""
    use_torch_threads()
    out_B, sum_BK = table_NK.new_empty(len(rows_BF)), table_NK.new_empty(len(rows_BF), table_NK.shape[1])
    _forward(*arrays(table_NK, rows_BF, out_B, sum_BK))
    return out_B, sum_BK


def gradient_of_reads(
    table_NK: Tensor, rows_BF: Tensor, sum_BK: Tensor, gradient_B: Tensor, into_ZK: Tensor, *, is_added: bool
) -> None:
    """A vector's gradient is the sum of the batch row's others: put into [Z, K], or added to what is there."""
    use_torch_threads()
    given: list[Any] = [*arrays(table_NK, rows_BF, sum_BK, gradient_B, into_ZK), is_added]
    _gradient(*given)


def gradient_of_rows(table_NK: Tensor, reads: Reads, n_fields: int, sum_BK: Tensor, gradient_B: Tensor) -> Tensor:
    """The same added up by table row, without one for each read: [U, K].

    Of a row e that batch rows b read, ``sum_b g_b (sum_b - e)``: e and the batch rows' sums are in the cache.
    """
    use_torch_threads()
    into_UK = table_NK.new_empty(len(reads.rows_U), table_NK.shape[1])
    grouped = reads.rows_U, reads.order_Z, reads.starts_U
    given: list[Any] = [*arrays(table_NK, *grouped, sum_BK, gradient_B, into_UK), np.uint32(n_fields)]
    _gradient_of_rows(*given)
    return into_UK


_add_with_square = over_rows(lambda rows, _: (rows[0] + rows[2], rows[1] + rows[2] * rows[2]))
_put_scaled_rest = over_rows(lambda rows, shared: (shared[0] * (rows[1] - rows[2]),))
_add_scaled_rest = over_rows(lambda rows, shared: (rows[0] + shared[0] * (rows[1] - rows[2]),))


@njit(parallel=True, cache=True, fastmath=FAST)
def _forward(table_NK: Array, rows_BF: Array, out_B: Array, sum_BK: Array) -> None:
    rows, size = len(rows_BF), table_NK.shape[1]
    for part in prange(PARTS):
        square_K = np.empty(size, np.float32)
        for b in range(rows * part // PARTS, rows * (part + 1) // PARTS):
            out_B[b] = pair_sum(table_NK, rows_BF, b, sum_BK[b], square_K)


@njit(cache=True, inline="always")
def pair_sum(table_NK: Array, rows_BF: Array, b: int, sum_K: Array, square_K: Array) -> Any:
    """The sum over the pairs of a batch row; the sum of its vectors is left in ``sum_K``."""
    size = table_NK.shape[1]
    sum_K[:], square_K[:] = ZERO, ZERO
    for f in range(rows_BF.shape[1]):
        if b + 1 < len(rows_BF):
            prefetch_read(table_NK, rows_BF[b + 1, f])
        _add_with_square(size, (sum_K, square_K, table_NK), (0, 0, rows_BF[b, f] * size), (ZERO,))
    twice = ZERO
    for k in range(size):
        twice += sum_K[k] * sum_K[k] - square_K[k]
    return HALF * twice


@njit(parallel=True, cache=True, fastmath=FAST)
def _gradient(
    table_NK: Array, rows_BF: Array, sum_BK: Array, gradient_B: Array, into_ZK: Array, is_added: bool
) -> None:
    fields, size = rows_BF.shape[1], table_NK.shape[1]
    for b in prange(len(rows_BF)):
        for f in range(fields):
            if b + 1 < len(rows_BF):
                prefetch_read(table_NK, rows_BF[b + 1, f])
            arrays_here = (into_ZK, sum_BK, table_NK)
            starts = ((b * fields + f) * size, b * size, rows_BF[b, f] * size)
            if is_added:
                _add_scaled_rest(size, arrays_here, starts, (gradient_B[b],))
            else:
                _put_scaled_rest(size, arrays_here, starts, (gradient_B[b],))


@njit(parallel=True, cache=True, fastmath=FAST)
def _gradient_of_rows(
    table_NK: Array,
    rows_U: Array,
    order_Z: Array,
    starts_U: Array,
    sum_BK: Array,
    gradient_B: Array,
    into_UK: Array,
    n_fields: Any,
) -> None:
    size = table_NK.shape[1]
    for u in prange(len(rows_U)):
        if u + AHEAD < len(rows_U):
            prefetch_read(table_NK, rows_U[u + AHEAD])
        for place in range(starts_U[u], starts_U[u + 1]):
            b = np.int64(np.uint32(order_Z[place]) // n_fields)
            arrays_here, starts = (into_UK, sum_BK, table_NK), (u * size, b * size, rows_U[u] * size)
            if place == starts_U[u]:
                _put_scaled_rest(size, arrays_here, starts, (gradient_B[b],))
            else:
                _add_scaled_rest(size, arrays_here, starts, (gradient_B[b],))
