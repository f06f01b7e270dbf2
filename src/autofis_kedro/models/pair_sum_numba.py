"""The sum of all pairs' products compiled by numba: each batch row's vectors are in the nearest cache while they count.

Shapes: B rows, F fields, K embedding size, N rows of a table, Z = B * F reads.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

import numpy as np
from numba import njit, prange
from torch import Tensor

from autofis_kedro.compiled.loops import FAST, ZERO, Array, arrays
from autofis_kedro.compiled.prefetch import prefetch_read
from autofis_kedro.compiled.threads import use_torch_threads

HALF = np.float32(0.5)


def forward(table_NK: Tensor, rows_BF: Tensor) -> tuple[Tensor, Tensor]:
    """The sum over pairs [B], and the sum of the vectors [B, K]."""
    use_torch_threads()
    out_B, sum_BK = table_NK.new_empty(len(rows_BF)), table_NK.new_empty(len(rows_BF), table_NK.shape[1])
    _forward(*arrays(table_NK, rows_BF, out_B, sum_BK))
    return out_B, sum_BK


def gradient_of_reads(table_NK: Tensor, rows_BF: Tensor, sum_BK: Tensor, gradient_B: Tensor) -> Tensor:
    """A vector's gradient is the sum of the batch row's others: [Z, K]."""
    use_torch_threads()
    into_ZK = table_NK.new_empty(rows_BF.numel(), table_NK.shape[1])
    _gradient(*arrays(table_NK, rows_BF, sum_BK, gradient_B, into_ZK))
    return into_ZK


@njit(parallel=True, cache=True, fastmath=FAST)
def _forward(table_NK: Array, rows_BF: Array, out_B: Array, sum_BK: Array) -> None:
    for b in prange(len(rows_BF)):
        if b + 1 < len(rows_BF):
            for f in range(rows_BF.shape[1]):
                prefetch_read(table_NK, rows_BF[b + 1, f])
        sum_K, square = sum_BK[b], ZERO
        sum_K[:] = ZERO
        for f in range(rows_BF.shape[1]):
            row = rows_BF[b, f]
            for k in range(len(sum_K)):
                x = table_NK[row, k]
                sum_K[k] += x
                square += x * x
        square_of_sum = ZERO
        for k in range(len(sum_K)):
            square_of_sum += sum_K[k] * sum_K[k]
        out_B[b] = HALF * (square_of_sum - square)


@njit(parallel=True, cache=True, fastmath=FAST)
def _gradient(table_NK: Array, rows_BF: Array, sum_BK: Array, gradient_B: Array, into_ZK: Array) -> None:
    fields = rows_BF.shape[1]
    for b in prange(len(rows_BF)):
        for f in range(fields):
            row = rows_BF[b, f]
            for k in range(table_NK.shape[1]):
                into_ZK[b * fields + f, k] = gradient_B[b] * (sum_BK[b, k] - table_NK[row, k])
