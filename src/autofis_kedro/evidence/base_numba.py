"""The compiled loops of the additive logistic regression.

Shapes: N rows, V values of a term.
"""

# mypy: disable-error-code="untyped-decorator"
import math

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def add_up(id_N, label_N, logit_N, gradient_V, curvature_V):
    """G_v and H_v: sums of y - p and p (1 - p) over the rows of each value."""
    gradient_V[:] = 0.0
    curvature_V[:] = 0.0
    for n in range(len(id_N)):
        p = 1.0 / (1.0 + math.exp(-logit_N[n]))
        v = id_N[n]
        gradient_V[v] += label_N[n] - p
        curvature_V[v] += p * (1.0 - p)


@njit(cache=True, nogil=True)
def shift(id_N, step_V, logit_N):
    """Add each value's step to the logits of its rows."""
    for n in range(len(id_N)):
        logit_N[n] += step_V[id_N[n]]


@njit(cache=True, nogil=True)
def totals(label_N, logit_N):
    """Sums of y - p and p (1 - p) over all rows."""
    gradient, curvature = 0.0, 0.0
    for n in range(len(label_N)):
        p = 1.0 / (1.0 + math.exp(-logit_N[n]))
        gradient += label_N[n] - p
        curvature += p * (1.0 - p)
    return gradient, curvature


@njit(cache=True, nogil=True)
def probabilities(logit_N):
    """p of each logit."""
    p_N = np.empty(len(logit_N))
    for n in range(len(logit_N)):
        p_N[n] = 1.0 / (1.0 + math.exp(-logit_N[n]))
    return p_N
