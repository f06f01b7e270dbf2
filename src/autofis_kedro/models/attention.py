"""Attention over pairs (AFM, Xiao et al. 2017).

Shapes: B rows, F fields, K embedding size, P pairs, A attention units.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from autofis_kedro.models.attention_scores import SortedPairs, attention_scores
from autofis_kedro.models.spec import AttentionSpec


class AttentionInteractions(nn.Module):
    """``<p, sum_ij a_ij (e_i * e_j)>``, a the softmax over pairs of ``<h, relu(W (e_i * e_j) + b)>`` (Eq. 5 to 7)."""

    def __init__(self, pairs: tuple[tuple[int, ...], ...], embedding_dim: int, spec: AttentionSpec) -> None:
        super().__init__()
        self.pairs = SortedPairs(pairs)  # their order changes nothing: a sum
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
        score_BP = attention_scores(e_BFK, self.pairs, self.weight_KA, self.bias, self.score_A)
        attention_BP = torch.softmax(score_BP / self.temperature, dim=1)
        pooled_BK = weighted_products(e_BFK, self.pairs.fields_2P, self.weight_dropout(attention_BP))
        out_B: Tensor = self.dropout(pooled_BK) @ self.projection_K
        return out_B


def weighted_products(e_BFK: Tensor, pairs_2P: Tensor, weight_BP: Tensor) -> Tensor:
    """``sum_ij w_ij (e_i * e_j)``: [B, K]; as ``sum_i e_i * (sum_j w_ij e_j)``, so that no product is in memory."""
    rows, fields, _ = e_BFK.shape
    first_P, second_P = pairs_2P
    weight_BX = weight_BP.new_zeros(rows, fields * fields).index_copy(1, first_P * fields + second_P, weight_BP)
    return (e_BFK * torch.bmm(weight_BX.view(rows, fields, fields), e_BFK)).sum(1)
