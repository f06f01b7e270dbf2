"""Attention over pairs (AFM, Xiao et al. 2017).

Shapes: B rows, F fields, K embedding size, P pairs, A attention units.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn

from autofis_kedro.models.attention_scores import attention_scores
from autofis_kedro.models.spec import AttentionSpec

Groups = tuple[tuple[int, tuple[int, ...]], ...]


class AttentionInteractions(nn.Module):
    """``<p, sum_ij a_ij (e_i * e_j)>``, a the softmax over pairs of ``<h, relu(W (e_i * e_j) + b)>`` (Eq. 5 to 7)."""

    def __init__(self, pairs: tuple[tuple[int, ...], ...], embedding_dim: int, spec: AttentionSpec) -> None:
        super().__init__()
        by_first = groupby(sorted(pairs), key=lambda pair: pair[0])  # their order changes nothing: a sum
        self._groups = tuple((first, tuple(second for _, second in group)) for first, group in by_first)
        self.weight_KA = nn.Parameter(torch.empty(embedding_dim, spec.size))
        self.bias = nn.Parameter(torch.empty(spec.size))
        self.score_A = nn.Parameter(torch.empty(spec.size))
        self.projection_K = nn.Parameter(torch.empty(embedding_dim))
        self.temperature = spec.temperature
        self.dropout, self.weight_dropout = (
            nn.Dropout(share) if share else nn.Identity() for share in (spec.dropout, spec.weight_dropout)
        )

    def forward(self, e_BFK: Tensor) -> Tensor:
        """The attended interactions' part of the logit: [B]."""
        product_BPK: Tensor = _ElementwiseProducts.apply(e_BFK, self._groups)  # type: ignore[no-untyped-call]
        score_N = attention_scores(product_BPK.flatten(0, 1), self.weight_KA, self.bias, self.score_A)
        attention_BP = torch.softmax(score_N.view(len(e_BFK), -1) / self.temperature, dim=1)
        pooled_BK = torch.bmm(self.weight_dropout(attention_BP)[:, None], product_BPK)[:, 0]
        out_B: Tensor = self.dropout(pooled_BK) @ self.projection_K
        return out_B


class _ElementwiseProducts(torch.autograd.Function):
    """e_i * e_j of every pair [B, P, K], all pairs of one first field at a time.

    Gathering both vectors of every pair takes twice as long, and its backward pass six times.
    """

    @staticmethod
    def forward(ctx: Any, e_BFK: Tensor, groups: Groups) -> Tensor:
        ctx.save_for_backward(e_BFK)
        ctx.groups = groups
        n_pairs = sum(len(seconds) for _, seconds in groups)
        product_BPK = e_BFK.new_empty(len(e_BFK), n_pairs, e_BFK.shape[2])
        start = 0
        for first, seconds in groups:
            part = product_BPK[:, start : start + len(seconds)]
            torch.mul(e_BFK[:, first : first + 1], _select(e_BFK, seconds), out=part)
            start += len(seconds)
        return product_BPK

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (e_BFK,) = ctx.saved_tensors
        gradient_BFK, start = torch.zeros_like(e_BFK), 0
        for first, seconds in ctx.groups:
            part = gradients[0][:, start : start + len(seconds)]
            gradient_BFK[:, first] += (part * _select(e_BFK, seconds)).sum(1)
            toward = part * e_BFK[:, first : first + 1]
            if _is_run(seconds):
                gradient_BFK[:, seconds[0] : seconds[-1] + 1] += toward
            else:
                gradient_BFK.index_add_(1, torch.tensor(seconds, device=toward.device), toward)
            start += len(seconds)
        return gradient_BFK, None


def _is_run(positions: tuple[int, ...]) -> bool:
    return positions[-1] - positions[0] + 1 == len(positions)


def _select(e_BFK: Tensor, positions: tuple[int, ...]) -> Tensor:
    """The vectors of some fields, as a view where they lie side by side."""
    if _is_run(positions):
        return e_BFK[:, positions[0] : positions[-1] + 1]
    return e_BFK.index_select(1, torch.tensor(positions, device=e_BFK.device))
