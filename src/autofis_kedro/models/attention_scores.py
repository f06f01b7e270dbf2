"""The scores of AFM's attention network without its hidden layer in memory.

Shapes: B rows, F fields, K embedding size, P pairs, N products, A attention units.

The hidden layer of a batch is 94 MB for 4,096 rows, 45 pairs and 128 units; written, kept and read again by autograd,
it takes most of AFM's time. Here it is computed a few rows at a time and again in the backward pass, where its
gradient is ``h * (hidden > 0)`` times a factor per product.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn

from autofis_kedro.compiled import is_compiled
from autofis_kedro.models.interactions import positions
from autofis_kedro.models.some_fields import SomeFields

CHUNK = 1 << 22
"""Hidden values at a time in plain torch: 16 megabytes in single precision."""


class SecondFields(SomeFields):
    """The fields that stand second in the pairs of one first field.

    Attributes:
        first: the first field.
    """

    def __init__(self, first: int, seconds: Sequence[int]) -> None:
        super().__init__(seconds)
        self.first = first


class SortedPairs(nn.Module):
    """Pairs of fields in ascending order; a module, so that they are on the model's device before they are needed.

    Attributes:
        fields_2P: the positions of both fields.
        by_first: ``SecondFields`` of each field that stands first.
    """

    fields_2P: Tensor

    def __init__(self, pairs: Sequence[tuple[int, ...]]) -> None:
        super().__init__()
        ordered = sorted(pairs)
        self.register_buffer("fields_2P", positions(ordered), persistent=False)
        groups = groupby(ordered, key=lambda pair: pair[0])
        self.by_first = nn.ModuleList(SecondFields(first, [second for _, second in group]) for first, group in groups)

    def __len__(self) -> int:
        return self.fields_2P.shape[1]


def attention_scores(e_BFK: Tensor, pairs: SortedPairs, weight_KA: Tensor, bias_A: Tensor, h_A: Tensor) -> Tensor:
    """``<h, relu(W (e_i * e_j) + b)>`` of every pair: [B, P] (Xiao et al. 2017, Eq. 5).

    Args:
        e_BFK: the fields' vectors.
        pairs: of which fields.
        weight_KA: W.
        bias_A: b.
        h_A: h.
    """
    score_BP: Tensor = _function(e_BFK).apply(e_BFK, pairs, weight_KA, bias_A, h_A)
    return score_BP


def _function(e_BFK: Tensor) -> Any:
    if not is_compiled(e_BFK):
        return TorchScores
    from autofis_kedro.models.attention_scores_numba import CompiledScores  # importing numba takes half a second

    return CompiledScores


class TorchScores(torch.autograd.Function):
    """In plain torch: the reference, and the fallback."""

    @staticmethod
    def forward(ctx: Any, e_BFK: Tensor, pairs: SortedPairs, weight_KA: Tensor, bias_A: Tensor, h_A: Tensor) -> Tensor:
        """The scores [B, P]."""
        ctx.groups = list(pairs.by_first)
        ctx.rows = max(1, CHUNK // (len(pairs) * len(h_A)))
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


def _products(e_BFK: Tensor, groups: list[SecondFields]) -> Tensor:
    """e_i * e_j of every pair [B, P, K], all pairs of one first field at a time: half the time of gathering both."""
    return torch.cat([e_BFK[:, group.first : group.first + 1] * group.select(e_BFK) for group in groups], dim=1)


def _product_gradients(e_BFK: Tensor, groups: list[SecondFields], gradient_BPK: Tensor) -> Tensor:
    """Gradient of the vectors [B, F, K]; a sixth of the time that gathering's takes."""
    gradient_BFK, start = torch.zeros_like(e_BFK), 0
    for group in groups:
        part = gradient_BPK[:, start : start + len(group)]
        gradient_BFK[:, group.first] += (part * group.select(e_BFK)).sum(1)
        group.add_to(gradient_BFK, part * e_BFK[:, group.first : group.first + 1])
        start += len(group)
    return gradient_BFK
