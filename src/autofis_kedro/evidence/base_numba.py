"""The compiled loops of the additive logistic regression.

Shapes: N rows, V values of a term.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

import math

from numba import njit

from autofis_kedro.compiled.loops import Array


@njit(cache=True, nogil=True)
def linearise(label_N: Array, logit_N: Array, gradient_N: Array, curvature_N: Array) -> tuple[float, float]:
    """g = y - p and h = p (1 - p) of each row; the sums of both."""
    total, information = 0.0, 0.0
    for n in range(len(logit_N)):
        p = 1.0 / (1.0 + math.exp(-logit_N[n]))
        gradient_N[n] = label_N[n] - p
        curvature_N[n] = p * (1.0 - p)
        total += gradient_N[n]
        information += curvature_N[n]
    return total, information


@njit(cache=True, nogil=True)
def shift(id_N: Array, step_V: Array, logit_N: Array) -> None:
    """Add each value's step to the logits of its rows."""
    for n in range(len(id_N)):
        logit_N[n] += step_V[id_N[n]]


@njit(cache=True, nogil=True)
def shift_linearised(id_N: Array, step_V: Array, logit_N: Array, gradient_N: Array, curvature_N: Array) -> None:
    """The same, and what it changes of g to first order: an exponential per row and sweep, not per term."""
    for n in range(len(id_N)):
        step = step_V[id_N[n]]
        logit_N[n] += step
        gradient_N[n] -= curvature_N[n] * step
