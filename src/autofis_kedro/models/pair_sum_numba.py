"""The sum of all pairs' products compiled by numba: one pass over the vectors, each row of them in the nearest cache.

Shapes: B rows, F fields, K embedding size.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numba import njit, prange
from numpy.typing import NDArray
from torch import Tensor

from autofis_kedro.models.pair_sum import TorchPairSum
from autofis_kedro.threads import use_torch_threads

Array = NDArray[Any]
FAST = {"contract", "reassoc", "nsz"}  # not "nnan": a diverged training must show as NaN
HALF = np.float32(0.5)


class NumbaPairSum(TorchPairSum):
    """For float32 on the CPU."""

    def forward(self, e_BFK: Tensor) -> tuple[Tensor, Tensor]:
        """As ``TorchPairSum``."""
        use_torch_threads()
        out_B, sum_BK = e_BFK.new_empty(len(e_BFK)), e_BFK.new_empty(len(e_BFK), e_BFK.shape[2])
        _forward(e_BFK.detach().numpy(), out_B.numpy(), sum_BK.numpy())
        return out_B, sum_BK

    def backward(self, e_BFK: Tensor, sum_BK: Tensor, gradient_B: Tensor) -> Tensor:
        """As ``TorchPairSum``."""
        use_torch_threads()
        into_BFK = torch.empty(e_BFK.shape)
        _backward(e_BFK.detach().numpy(), sum_BK.numpy(), gradient_B.contiguous().numpy(), into_BFK.numpy())
        return into_BFK


@njit(parallel=True, cache=True, fastmath=FAST)
def _forward(e_BFK: Array, out_B: Array, sum_BK: Array) -> None:
    for b in prange(len(e_BFK)):
        sum_K = sum_BK[b]
        sum_K[:] = np.float32(0)
        square = np.float32(0)
        for f in range(e_BFK.shape[1]):
            for k in range(e_BFK.shape[2]):
                x = e_BFK[b, f, k]
                sum_K[k] += x
                square += x * x
        square_of_sum = np.float32(0)
        for k in range(len(sum_K)):
            square_of_sum += sum_K[k] * sum_K[k]
        out_B[b] = HALF * (square_of_sum - square)


@njit(parallel=True, cache=True, fastmath=FAST)
def _backward(e_BFK: Array, sum_BK: Array, gradient_B: Array, into_BFK: Array) -> None:
    for b in prange(len(e_BFK)):
        for f in range(e_BFK.shape[1]):
            for k in range(e_BFK.shape[2]):
                into_BFK[b, f, k] = gradient_B[b] * (sum_BK[b, k] - e_BFK[b, f, k])
