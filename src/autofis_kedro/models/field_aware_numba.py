"""Field-aware products compiled by numba: the vectors of a batch row stay in the nearest caches.

Every number is computed from one batch row, in a fixed order: results do not depend on the number of threads.

Shapes: B rows, F fields, K numbers of a vector, X = F * K numbers of an id, N table rows, P pairs, Z = B * F reads.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from torch import Tensor

from autofis_kedro.compiled.loops import FAST, ZERO, Array
from autofis_kedro.compiled.threads import use_torch_threads


def products(table_NX: Tensor, rows_BF: Tensor, pairs_2P: Tensor) -> Tensor:
    """<v_i toward j, v_j toward i> of the pairs (i, j), where v_i is the table's row ``rows_BF[:, i]``: [B, P]."""
    use_torch_threads()
    product_BP = table_NX.new_empty(len(rows_BF), pairs_2P.shape[1])
    _products(*_inputs(table_NX, rows_BF, pairs_2P), product_BP.numpy())
    return product_BP


def gradient_of_reads(
    table_NX: Tensor, rows_BF: Tensor, pairs_2P: Tensor, gradient_BP: Tensor, into_ZX: Tensor
) -> None:
    """Fill ``into_ZX`` with the gradient of every read of the table, those of a batch row one after the other."""
    use_torch_threads()
    # not made contiguous: that of a plain sum is one number per row, repeated by a stride of 0
    _gradient(*_inputs(table_NX, rows_BF, pairs_2P), gradient_BP.numpy(), into_ZX.numpy())


def _inputs(table_NX: Tensor, rows_BF: Tensor, pairs_2P: Tensor) -> tuple[Array, Array, Array, tuple[int, ...]]:
    """Arrays for the kernels: the table, its rows to read, each pair's place by its fields, one number per lane."""
    fields = rows_BF.shape[1]
    place_FF = np.full((fields, fields), -1, dtype=np.int32)
    first_P, second_P = pairs_2P.numpy()
    place_FF[first_P, second_P] = place_FF[second_P, first_P] = np.arange(len(first_P))
    # The length of a tuple is part of its type: loops over K are unrolled, three times as fast.
    lanes = (0,) * (table_NX.shape[1] // fields)
    return table_NX.detach().contiguous().numpy(), rows_BF.contiguous().numpy(), place_FF, lanes


@njit(parallel=True, cache=True, fastmath=FAST)
def _products(table_NX: Array, rows_BF: Array, place_FF: Array, lanes: tuple[int, ...], product_BP: Array) -> None:
    size, fields = len(lanes), rows_BF.shape[1]
    for row in prange(len(rows_BF)):
        for i in range(fields):
            v_X = table_NX[rows_BF[row, i]]
            for j in range(i + 1, fields):
                place = place_FF[i, j]
                if place >= 0:
                    product_BP[row, place] = _dot(v_X, j * size, table_NX[rows_BF[row, j]], i * size, size)


@njit(parallel=True, cache=True, fastmath=FAST)
def _gradient(
    table_NX: Array, rows_BF: Array, place_FF: Array, lanes: tuple[int, ...], gradient_BP: Array, into_ZX: Array
) -> None:
    size, fields = len(lanes), rows_BF.shape[1]
    for row in prange(len(rows_BF)):
        for i in range(fields):
            into_X = into_ZX[row * fields + i]
            for j in range(fields):
                place = place_FF[i, j]
                factor = gradient_BP[row, place] if place >= 0 else ZERO
                _scale(into_X, j * size, table_NX[rows_BF[row, j]], i * size, size, factor)


# Four lanes at a time are written out, all read before any is written: the compiler makes one instruction of each four.
@njit(cache=True, fastmath=FAST, inline="always")
def _dot(a_X: Array, a: int, b_X: Array, b: int, size: int) -> Any:
    """Inner product of ``a_X[a : a + size]`` and ``b_X[b : b + size]``."""
    fours, total = size // 4 * 4, ZERO
    for k in range(0, fours, 4):
        x, y = a + k, b + k
        low = a_X[x] * b_X[y] + a_X[x + 1] * b_X[y + 1]
        total += low + (a_X[x + 2] * b_X[y + 2] + a_X[x + 3] * b_X[y + 3])
    for k in range(fours, size):
        total += a_X[a + k] * b_X[b + k]
    return total


@njit(cache=True, fastmath=FAST, inline="always")
def _scale(into_X: Array, into: int, from_X: Array, start: int, size: int, factor: Any) -> None:
    """Make ``into_X[into : into + size]`` a multiple of ``from_X[start : start + size]``."""
    fours = size // 4 * 4
    for k in range(0, fours, 4):
        x, y = into + k, start + k
        one, two, three, four = from_X[y], from_X[y + 1], from_X[y + 2], from_X[y + 3]
        into_X[x], into_X[x + 1] = factor * one, factor * two
        into_X[x + 2], into_X[x + 3] = factor * three, factor * four
    for k in range(fours, size):
        into_X[into + k] = factor * from_X[start + k]
