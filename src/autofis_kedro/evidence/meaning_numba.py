"""The compiled loop of the joint values' effects.

Shapes: N rows, C cells of at least two rows.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

import math

import numpy as np
from numba import njit

from autofis_kedro.compiled.loops import Array

LARGEST_STEP = 2.0


@njit(cache=True, nogil=True)
def cell_effects(cell_N: Array, p_N: Array, label_N: Array, n_cells: int) -> tuple[Array, Array, Array, Array, Array]:
    """Rows, positives, expected positives, the logit's change that makes them agree, and its information.

    One row is added to each cell with the rate that is expected there, so that a joint value of one label has an
    effect with a finite error (in the spirit of Haldane 1956). Newton, 12 steps.
    """
    rows, positives = np.zeros(n_cells, dtype=np.int64), np.zeros(n_cells, dtype=np.int64)
    expected = np.zeros(n_cells)
    for n in range(len(cell_N)):
        c = cell_N[n]
        if c >= 0:
            rows[c] += 1
            positives[c] += int(label_N[n])
            expected[c] += p_N[n]
    effect, information = np.zeros(n_cells), np.zeros(n_cells)
    met = np.empty(n_cells)
    for _ in range(12):
        met[:] = 0.0
        information[:] = 0.0
        for n in range(len(cell_N)):
            c = cell_N[n]
            if c >= 0:
                odds = p_N[n] / (1.0 - p_N[n]) * math.exp(effect[c])
                p = odds / (1.0 + odds)
                met[c] += p
                information[c] += p * (1.0 - p)
        for c in range(n_cells):
            share = expected[c] / rows[c]
            wanted = (positives[c] + share) * rows[c] / (rows[c] + 1.0)
            step = (wanted - met[c]) / max(information[c], 1e-9)
            effect[c] += min(max(step, -LARGEST_STEP), LARGEST_STEP)
    return rows, positives, expected, effect, information
