"""The compiled loops that add rows up by joint value.

Rows are in the order of the outer field, so that the joint values of one outer value are added up in memory of the
inner field's size, whatever the number of joint values.

Shapes: N rows, A outer values, B inner values, C joint values (cells) with at least two rows.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

import numpy as np
from numba import njit

from autofis_kedro.compiled.loops import Array

ROWS, G, H, G2, H2, H3, M3 = range(7)
"""Places of a cell's sums: rows, g = y - p, h = p (1 - p), g^2, h^2, h^3, h (1 - 2p)."""
N_SUMS = 7


@njit(cache=True, nogil=True)
def order_by(id_N: Array, size: int) -> tuple[Array, Array]:
    """Rows sorted by value (stable), and where each value begins: [size + 1]."""
    start = np.zeros(size + 1, dtype=np.int64)
    for n in range(len(id_N)):
        start[id_N[n] + 1] += 1
    for a in range(size):
        start[a + 1] += start[a]
    place = start[:-1].copy()
    order_N = np.empty(len(id_N), dtype=np.int64)
    for n in range(len(id_N)):
        a = id_N[n]
        order_N[place[a]] = n
        place[a] += 1
    return order_N, start


@njit(cache=True, nogil=True)
def add_cells(
    start: Array,
    inner_N: Array,
    p_N: Array,
    label_N: Array,
    n_inner: int,
    outer_C: Array,
    inner_C: Array,
    sums_C: Array,
) -> tuple[int, int, float]:
    """Fill cells of at least two rows; how many, how many rows alone, and sum of n_ab^2 / (n_a n_b) over all cells.

    inner_N, p_N and label_N are in the outer field's order.
    """
    n_b = np.zeros(n_inner)
    for n in range(len(inner_N)):
        n_b[inner_N[n]] += 1.0
    sums_B = np.zeros((n_inner, 7))
    touched = np.empty(n_inner, dtype=np.int64)
    n_cells, alone, dependence = 0, 0, 0.0
    for a in range(len(start) - 1):
        n_touched = 0
        for n in range(start[a], start[a + 1]):
            b = inner_N[n]
            if sums_B[b, 0] == 0.0:
                touched[n_touched] = b
                n_touched += 1
            p = p_N[n]
            g, h = label_N[n] - p, p * (1.0 - p)
            sums_B[b, 0] += 1.0
            sums_B[b, 1] += g
            sums_B[b, 2] += h
            sums_B[b, 3] += g * g
            sums_B[b, 4] += h * h
            sums_B[b, 5] += h * h * h
            sums_B[b, 6] += h * (1.0 - 2.0 * p)
        n_a = start[a + 1] - start[a]
        for t in range(n_touched):
            b = touched[t]
            rows = sums_B[b, 0]
            dependence += rows * rows / (n_a * n_b[b])
            if rows >= 2.0:
                outer_C[n_cells], inner_C[n_cells] = a, b
                for s in range(7):
                    sums_C[n_cells, s] = sums_B[b, s]
                n_cells += 1
            else:
                alone += 1
            for s in range(7):
                sums_B[b, s] = 0.0
    return n_cells, alone, dependence


@njit(cache=True, nogil=True)
def sum_by(id_C: Array, value_C: Array, size: int) -> Array:
    """Sums of a value of cells (or rows) over those of each value of a margin (or term)."""
    total = np.zeros(size)
    for c in range(len(id_C)):
        total[id_C[c]] += value_C[c]
    return total


@njit(cache=True, nogil=True)
def remove_margins(value_C: Array, curvature_C: Array, id_MC: Array, sizes_M: Array, n_rounds: int) -> None:
    """Take every margin's weighted mean out of a cell value, round by round, in place.

    Margin by margin forth and back, so that the operator stays symmetric in the metric 1 / H whatever the rounds.
    """
    n_margins, n_cells = id_MC.shape
    largest = 0
    for m in range(n_margins):
        largest = max(largest, sizes_M[m])
    total, weight = np.zeros(largest), np.zeros((n_margins, largest))
    for m in range(n_margins):
        for c in range(n_cells):
            weight[m, id_MC[m, c]] += curvature_C[c]
    for step in range(2 * n_rounds * n_margins):
        position = step % (2 * n_margins)
        m = position if position < n_margins else 2 * n_margins - 1 - position
        if n_margins > 1 and (position == n_margins or (position == 0 and step > 0)):
            continue  # the same margin twice in a row
        total[: sizes_M[m]] = 0.0
        for c in range(n_cells):
            total[id_MC[m, c]] += value_C[c]
        for c in range(n_cells):
            if weight[m, id_MC[m, c]] > 0.0:
                value_C[c] -= curvature_C[c] * total[id_MC[m, c]] / weight[m, id_MC[m, c]]
