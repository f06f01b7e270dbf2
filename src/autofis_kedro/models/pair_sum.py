"""The sum of every pair's product, by the identity of factorization machines (Rendle 2010, Lemma 3.1).

Shapes: B rows, F fields, K embedding size.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import torch
from torch import Tensor


def sum_of_all_pair_products(e_BFK: Tensor) -> Tensor:
    """``sum_{i<j} <e_i, e_j> = (|sum_i e_i|**2 - sum_i |e_i|**2) / 2``: [B]."""
    out_B: Tensor = _PairSum.apply(e_BFK)  # type: ignore[no-untyped-call]
    return out_B


class _PairSum(torch.autograd.Function):
    """Written out because autograd passes over [B, F, K] six times where reading it twice is enough."""

    @staticmethod
    def forward(ctx: Any, e_BFK: Tensor) -> Tensor:
        out_B, sum_BK = _kernels(e_BFK).forward(e_BFK)
        ctx.save_for_backward(e_BFK, sum_BK)
        return out_B

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        e_BFK, sum_BK = ctx.saved_tensors
        return _kernels(e_BFK).backward(e_BFK, sum_BK, gradients[0])


class TorchPairSum:
    """In plain torch: the reference, and the fallback without numba."""

    def forward(self, e_BFK: Tensor) -> tuple[Tensor, Tensor]:
        """The sum [B], and the sum of the vectors [B, K]."""
        sum_BK = e_BFK.sum(1)
        return 0.5 * (sum_BK.square().sum(1) - e_BFK.square().sum((1, 2))), sum_BK

    def backward(self, e_BFK: Tensor, sum_BK: Tensor, gradient_B: Tensor) -> Tensor:
        """The gradient of a vector is the sum of all others: [B, F, K]."""
        return (sum_BK[:, None] - e_BFK).mul_(gradient_B[:, None, None])


def _kernels(e_BFK: Tensor) -> TorchPairSum:
    """The compiled kernels for float32 on the CPU where there is numba."""
    if e_BFK.dtype != torch.float32 or e_BFK.device.type != "cpu" or importlib.util.find_spec("numba") is None:
        return TorchPairSum()
    from autofis_kedro.models.pair_sum_numba import NumbaPairSum  # importing numba takes half a second

    return NumbaPairSum()
