"""The scores of AFM's attention network without its hidden layer in memory.

Shapes: B rows, F fields, K embedding size, P pairs, N products, A attention units.

The hidden layer of a batch is 94 MB for 4,096 rows, 45 pairs and 128 units; written, kept and read again by autograd,
it takes most of AFM's time. Here it is computed a few rows at a time and again in the backward pass, where its
gradient is ``h * (hidden > 0)`` times a factor per product.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from autofis_kedro.compiled import is_compiled

CHUNK = 1 << 22
"""Hidden values at a time in plain torch: 16 megabytes in single precision."""
Groups = list[tuple[int, list[int]]]


def attention_scores(e_BFK: Tensor, pairs_2P: Tensor, weight_KA: Tensor, bias_A: Tensor, h_A: Tensor) -> Tensor:
    """``<h, relu(W (e_i * e_j) + b)>`` of every pair: [B, P] (Xiao et al. 2017, Eq. 5).

    Args:
        e_BFK: the fields' vectors.
        pairs_2P: positions of the pairs' fields, sorted.
        weight_KA: W.
        bias_A: b.
        h_A: h.
    """
    score_BP: Tensor = _function(e_BFK).apply(e_BFK, pairs_2P, weight_KA, bias_A, h_A)
    return score_BP


def _function(e_BFK: Tensor) -> Any:
    if not is_compiled(e_BFK):
        return TorchScores
    from autofis_kedro.models.attention_scores_numba import CompiledScores  # importing numba takes half a second

    return CompiledScores


class TorchScores(torch.autograd.Function):
    """In plain torch: the reference, and the fallback."""

    @staticmethod
    def forward(ctx: Any, e_BFK: Tensor, pairs_2P: Tensor, weight_KA: Tensor, bias_A: Tensor, h_A: Tensor) -> Tensor:
        """The scores [B, P]."""
        by_first = groupby(pairs_2P.T.tolist(), key=lambda pair: pair[0])
        ctx.groups = [(first, [second for _, second in group]) for first, group in by_first]
        ctx.rows = max(1, CHUNK // (pairs_2P.shape[1] * len(h_A)))
        ctx.save_for_backward(e_BFK, weight_KA, bias_A, h_A)
        products = (_products(part_BFK, ctx.groups) for part_BFK in torch.split(e_BFK, ctx.rows))
        return torch.cat([torch.matmul(p_BPK, weight_KA).add_(bias_A).relu_() @ h_A for p_BPK in products])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, Tensor, Tensor, Tensor]:
        """Gradients of the vectors and the network."""
        e_BFK, weight_KA, bias_A, h_A = ctx.saved_tensors
        into_e, into_weight_KA, into_bias_A, into_h_A = [], *map(torch.zeros_like, (weight_KA, bias_A, h_A))
        for part_BFK, factor_BP in zip(*(torch.split(x, ctx.rows) for x in (e_BFK, gradients[0])), strict=True):
            p_NK, factor_N = _products(part_BFK, ctx.groups).flatten(0, 1), factor_BP.flatten()
            hidden_NA = torch.addmm(bias_A, p_NK, weight_KA).relu_()
            into_h_A += factor_N @ hidden_NA
            is_on_NA = hidden_NA.sign_()
            into_weight_KA.addmm_((p_NK * factor_N[:, None]).T, is_on_NA)
            into_bias_A += factor_N @ is_on_NA
            into_p_NK = (is_on_NA @ (weight_KA * h_A).T).mul_(factor_N[:, None])
            into_e.append(_product_gradients(part_BFK, ctx.groups, into_p_NK.view(*factor_BP.shape, -1)))
        return torch.cat(into_e), None, into_weight_KA * h_A, into_bias_A * h_A, into_h_A


def _products(e_BFK: Tensor, groups: Groups) -> Tensor:
    """e_i * e_j of every pair [B, P, K], all pairs of one first field at a time: half the time of gathering both."""
    parts = [e_BFK[:, first : first + 1] * _select(e_BFK, seconds) for first, seconds in groups]
    return torch.cat(parts, dim=1)


def _product_gradients(e_BFK: Tensor, groups: Groups, gradient_BPK: Tensor) -> Tensor:
    """Gradient of the vectors [B, F, K]; a sixth of the time that gathering's takes."""
    gradient_BFK, start = torch.zeros_like(e_BFK), 0
    for first, seconds in groups:
        part = gradient_BPK[:, start : start + len(seconds)]
        gradient_BFK[:, first] += (part * _select(e_BFK, seconds)).sum(1)
        toward = part * e_BFK[:, first : first + 1]
        if _is_run(seconds):
            gradient_BFK[:, seconds[0] : seconds[-1] + 1] += toward
        else:
            gradient_BFK.index_add_(1, torch.tensor(seconds, device=toward.device), toward)
        start += len(seconds)
    return gradient_BFK


def _is_run(positions: list[int]) -> bool:
    return positions[-1] - positions[0] + 1 == len(positions)


def _select(e_BFK: Tensor, positions: list[int]) -> Tensor:
    """The vectors of some fields, as a view where they lie side by side."""
    if _is_run(positions):
        return e_BFK[:, positions[0] : positions[-1] + 1]
    return e_BFK.index_select(1, torch.tensor(positions, device=e_BFK.device))
