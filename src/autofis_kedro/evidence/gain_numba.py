"""The compiled loops of the out-of-fold gain.

Shapes: N rows, C cells of at least two rows, K folds.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

import math

import numpy as np
from numba import njit

from autofis_kedro.compiled.loops import Array


@njit(cache=True, nogil=True)
def fold_cells(start: Array, inner_N: Array, n_inner: int, capacity: int) -> tuple[Array, Array, Array]:
    """The cell of each row (-1: alone), and the outer and inner value of each cell; rows in the outer order."""
    count_B = np.zeros(n_inner, dtype=np.int64)
    number_B = np.empty(n_inner, dtype=np.int64)
    cell_N = np.empty(len(inner_N), dtype=np.int64)
    outer_C, inner_C = np.empty(capacity, dtype=np.int32), np.empty(capacity, dtype=np.int32)
    n_cells = 0
    for a in range(len(start) - 1):
        for n in range(start[a], start[a + 1]):
            count_B[inner_N[n]] += 1
            number_B[inner_N[n]] = -1
        for n in range(start[a], start[a + 1]):
            b = inner_N[n]
            if count_B[b] >= 2 and number_B[b] < 0:
                outer_C[n_cells], inner_C[n_cells] = a, b
                number_B[b] = n_cells
                n_cells += 1
            cell_N[n] = number_B[b]
        for n in range(start[a], start[a + 1]):
            count_B[inner_N[n]] = 0
    return cell_N, outer_C[:n_cells].copy(), inner_C[:n_cells].copy()


@njit(cache=True, nogil=True)
def fold_sums(
    cell_N: Array, fold_N: Array, p_N: Array, label_N: Array, n_cells: int, n_folds: int
) -> tuple[Array, Array]:
    """Sums of y - p and p (1 - p), [K, C] each."""
    gradient, curvature = np.zeros((n_folds, n_cells)), np.zeros((n_folds, n_cells))
    for n in range(len(cell_N)):
        c = cell_N[n]
        if c >= 0:
            gradient[fold_N[n], c] += label_N[n] - p_N[n]
            curvature[fold_N[n], c] += p_N[n] * (1.0 - p_N[n])
    return gradient, curvature


@njit(cache=True, nogil=True)
def gains(cell_N: Array, fold_N: Array, p_N: Array, label_N: Array, step_KC: Array) -> tuple[float, float]:
    """Sum and sum of squares over rows of what a step saves of the log loss, in nats."""
    total, squares = 0.0, 0.0
    for n in range(len(cell_N)):
        c = cell_N[n]
        if c >= 0:
            step = step_KC[fold_N[n], c]
            # loss(eta) - loss(eta + step), with odds = p / (1 - p): y step - log(1 - p + p e^step)
            saved = label_N[n] * step - math.log1p(p_N[n] * math.expm1(step))
            total += saved
            squares += saved * saved
    return total, squares
