"""The scores of AFM's attention network without its hidden layer in memory.

Shapes: N products, K embedding size, A attention units.

The hidden layer of a batch is 94 MB for 4,096 rows, 45 pairs and 128 units; written, kept and read again by autograd,
it takes most of AFM's time. Here it never leaves the cache and is computed again in the backward pass, where its
gradient is ``h * (hidden > 0)`` times a factor per product.
"""

from __future__ import annotations

import importlib.util
from typing import Any, Protocol

import torch
from torch import Tensor

CHUNK = 1 << 18
"""Hidden values at a time in plain torch: a megabyte."""
Gradients = tuple[Tensor, Tensor, Tensor, Tensor]


class ScoreKernels(Protocol):
    """Forward and backward pass."""

    def scores(self, p_NK: Tensor, weight_KA: Tensor, bias_A: Tensor, h_A: Tensor) -> Tensor:
        """``<h, relu(W p + b)>`` of every product: [N]."""

    def gradients(self, p_NK: Tensor, weight_KA: Tensor, bias_A: Tensor, h_A: Tensor, gradient_N: Tensor) -> Gradients:
        """Gradients of the four."""


def attention_scores(p_NK: Tensor, weight_KA: Tensor, bias_A: Tensor, h_A: Tensor) -> Tensor:
    """``<h, relu(W p + b)>`` of every product: [N] (Xiao et al. 2017, Eq. 5)."""
    score_N: Tensor = _Scores.apply(p_NK, weight_KA, bias_A, h_A)  # type: ignore[no-untyped-call]
    return score_N


class _Scores(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, p_NK: Tensor, weight_KA: Tensor, bias_A: Tensor, h_A: Tensor) -> Tensor:
        ctx.save_for_backward(p_NK, weight_KA, bias_A, h_A)
        return _kernels(p_NK).scores(p_NK, weight_KA, bias_A, h_A)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Gradients:
        p_NK, weight_KA, bias_A, h_A = ctx.saved_tensors
        return _kernels(p_NK).gradients(p_NK, weight_KA, bias_A, h_A, gradients[0])


def _kernels(p_NK: Tensor) -> ScoreKernels:
    """The compiled kernels for float32 on the CPU where there is numba."""
    if p_NK.dtype != torch.float32 or p_NK.is_cuda or importlib.util.find_spec("numba") is None:
        return TorchScores()
    from autofis_kedro.models.attention_scores_numba import NumbaScores  # importing numba takes half a second

    return NumbaScores()


class TorchScores:
    """In plain torch, chunk by chunk: the reference, and the fallback without numba."""

    def scores(self, p_NK: Tensor, weight_KA: Tensor, bias_A: Tensor, h_A: Tensor) -> Tensor:
        """As the protocol says."""
        parts = torch.split(p_NK, _chunk_rows(h_A))
        return torch.cat([torch.addmm(bias_A, part_NK, weight_KA).relu_() @ h_A for part_NK in parts])

    def gradients(self, p_NK: Tensor, weight_KA: Tensor, bias_A: Tensor, h_A: Tensor, gradient_N: Tensor) -> Gradients:
        """As the protocol says; the factor per product is applied to its K numbers instead of A hidden ones."""
        into_p_NK = torch.empty_like(p_NK)
        into_weight_KA, into_bias_A, into_h_A = map(torch.zeros_like, (weight_KA, bias_A, h_A))
        back_AK, rows = (weight_KA * h_A).T, _chunk_rows(h_A)
        parts = zip(*(torch.split(whole, rows) for whole in (p_NK, gradient_N, into_p_NK)), strict=True)
        for part_NK, factor_N, into_NK in parts:
            hidden_NA = torch.addmm(bias_A, part_NK, weight_KA).relu_()
            into_h_A += factor_N @ hidden_NA
            is_on_NA = hidden_NA.sign_()
            torch.mul(is_on_NA @ back_AK, factor_N[:, None], out=into_NK)
            into_weight_KA.addmm_((part_NK * factor_N[:, None]).T, is_on_NA)
            into_bias_A += factor_N @ is_on_NA
        return into_p_NK, into_weight_KA * h_A, into_bias_A * h_A, into_h_A


def _chunk_rows(h_A: Tensor) -> int:
    return max(1, CHUNK // len(h_A))
