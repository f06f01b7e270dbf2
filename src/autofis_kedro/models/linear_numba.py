"""The sum of a batch row's weights compiled by numba.

Shapes: B rows, F fields, N rows of a table, U of them that the batch reads, Z = B * F reads.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from torch import Tensor

from autofis_kedro.compiled.loops import FAST, PARTS, ZERO, Array, arrays
from autofis_kedro.compiled.threads import use_torch_threads
from autofis_kedro.data.reads import Reads


def sum_of_rows(table_N1: Tensor, rows_BF: Tensor) -> Tensor:
    """The sum of the table's rows ``rows_BF`` over F: [B]."""
    use_torch_threads()
    out_B = table_N1.new_empty(len(rows_BF))
    _sum(*arrays(table_N1, rows_BF, out_B))
    return out_B


def sums_by_row(gradient_B: Tensor, reads: Reads, n_fields: int) -> Tensor:
    """The gradient of each table row: the sum over the batch rows that read it: [U, 1]."""
    use_torch_threads()
    sum_U1 = gradient_B.new_empty(len(reads.rows_U), 1)
    given: list[Any] = [*arrays(gradient_B, reads.order_Z, reads.starts_U, sum_U1), np.uint32(n_fields)]
    _sums_by_row(*given)
    return sum_U1


@njit(cache=True, inline="always")
def put_weights(linear_N1: Array, rows_BF: Array, first: int, stop: int, out_B: Array) -> None:
    """The sums of some batch rows; 0 of a table without rows.

    A processor waits for many weights at once by itself: asked for ahead, they take half as long again. Read in turn
    with vectors they do, too.
    """
    for b in range(first, stop):
        total = ZERO
        if len(linear_N1):
            for f in range(rows_BF.shape[1]):
                total += linear_N1[rows_BF[b, f], 0]
        out_B[b] = total


@njit(parallel=True, cache=True, fastmath=FAST)
def _sum(table_N1: Array, rows_BF: Array, out_B: Array) -> None:
    rows = len(rows_BF)
    for part in prange(PARTS):
        put_weights(table_N1, rows_BF, rows * part // PARTS, rows * (part + 1) // PARTS, out_B)


@njit(parallel=True, cache=True)
def _sums_by_row(gradient_B: Array, order_Z: Array, starts_U: Array, sum_U1: Array, n_fields: Any) -> None:
    for u in prange(len(sum_U1)):
        total = ZERO
        for z in order_Z[starts_U[u] : starts_U[u + 1]]:
            total += gradient_B[np.uint32(z) // n_fields]
        sum_U1[u, 0] = total
