"""AFM's scores compiled by numba: the hidden values of one product at a time, in registers and the nearest cache.

Shapes: N products, K embedding size, A attention units, T parts of the products.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numba import njit, prange
from numpy.typing import NDArray
from torch import Tensor

from autofis_kedro.models.attention_scores import Gradients
from autofis_kedro.threads import use_torch_threads

Array = NDArray[Any]
PARTS = 16
"""Of the products, each summed on its own: results do not depend on the number of threads."""
ZERO = np.float32(0)


class NumbaScores:
    """For float32 on the CPU."""

    def scores(self, p_NK: Tensor, weight_KA: Tensor, bias_A: Tensor, h_A: Tensor) -> Tensor:
        """As ``ScoreKernels`` says."""
        use_torch_threads()
        score_N = torch.empty(len(p_NK))
        _scores(*_arrays(p_NK, weight_KA, bias_A, h_A, score_N))
        return score_N

    def gradients(self, p_NK: Tensor, weight_KA: Tensor, bias_A: Tensor, h_A: Tensor, gradient_N: Tensor) -> Gradients:
        """As ``ScoreKernels`` says."""
        use_torch_threads()
        into_p_NK = torch.empty_like(p_NK, memory_format=torch.contiguous_format)
        parts = [torch.zeros(PARTS, *tensor.shape) for tensor in (weight_KA, bias_A, h_A)]
        _gradients(*_arrays(p_NK, weight_KA, bias_A, h_A, gradient_N, into_p_NK, *parts))
        into_weight_KA, into_bias_A, into_h_A = (part.sum(0) for part in parts)
        return into_p_NK, into_weight_KA, into_bias_A, into_h_A


def _arrays(*tensors: Tensor) -> list[Array]:
    return [tensor.detach().contiguous().numpy() for tensor in tensors]


@njit(parallel=True, cache=True, fastmath=True)
def _scores(p_NK: Array, weight_KA: Array, bias_A: Array, h_A: Array, score_N: Array) -> None:
    n, units = len(p_NK), len(h_A)
    for part in prange(PARTS):
        hidden_A = np.empty(units, dtype=np.float32)
        for row in range(n * part // PARTS, n * (part + 1) // PARTS):
            _hidden(p_NK[row], weight_KA, bias_A, hidden_A)
            score = ZERO
            for a in range(units):
                score += max(hidden_A[a], ZERO) * h_A[a]
            score_N[row] = score


@njit(cache=True, fastmath=True, inline="always")
def _hidden(p_K: Array, weight_KA: Array, bias_A: Array, hidden_A: Array) -> None:
    for a in range(len(bias_A)):
        hidden_A[a] = bias_A[a]
    for k in range(len(p_K)):
        p = p_K[k]
        for a in range(len(bias_A)):
            hidden_A[a] += p * weight_KA[k, a]


@njit(parallel=True, cache=True, fastmath=True)
def _gradients(
    p_NK: Array,
    weight_KA: Array,
    bias_A: Array,
    h_A: Array,
    gradient_N: Array,
    into_p_NK: Array,
    into_weight_TKA: Array,
    into_bias_TA: Array,
    into_h_TA: Array,
) -> None:
    n, size = p_NK.shape
    units = len(h_A)
    for part in prange(PARTS):
        hidden_A = np.empty(units, dtype=np.float32)
        into_weight_KA, into_bias_A, into_h_A = into_weight_TKA[part], into_bias_TA[part], into_h_TA[part]
        for row in range(n * part // PARTS, n * (part + 1) // PARTS):
            _hidden(p_NK[row], weight_KA, bias_A, hidden_A)
            gradient = gradient_N[row]
            for a in range(units):
                into_h_A[a] += gradient * max(hidden_A[a], ZERO)
                hidden_A[a] = gradient * h_A[a] if hidden_A[a] > ZERO else ZERO
                into_bias_A[a] += hidden_A[a]
            for k in range(size):
                p, into_p = p_NK[row, k], ZERO
                for a in range(units):
                    into_p += hidden_A[a] * weight_KA[k, a]
                    into_weight_KA[k, a] += p * hidden_A[a]
                into_p_NK[row, k] = into_p
