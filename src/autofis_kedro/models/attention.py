"""Attention over pairs (AFM, Xiao et al. 2017).

Shapes: B rows, F fields, K embedding size, P pairs, A attention units.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from autofis_kedro.models.spec import AttentionSpec


class AttentionInteractions(nn.Module):
    """``<p, sum_ij a_ij (e_i * e_j)>``, a the softmax over pairs of ``<h, relu(W (e_i * e_j) + b)>`` (Eq. 5 to 7)."""

    tuples_OP: Tensor

    def __init__(self, pairs: tuple[tuple[int, ...], ...], embedding_dim: int, spec: AttentionSpec) -> None:
        super().__init__()
        self.register_buffer("tuples_OP", torch.tensor(pairs, dtype=torch.int64).T.contiguous(), persistent=False)
        self.weight_KA = nn.Parameter(torch.empty(embedding_dim, spec.size))
        self.bias = nn.Parameter(torch.empty(spec.size))
        self.score_A = nn.Parameter(torch.empty(spec.size))
        self.projection_K = nn.Parameter(torch.empty(embedding_dim))
        self.temperature = spec.temperature
        self.dropout = nn.Dropout(spec.dropout) if spec.dropout else nn.Identity()

    def forward(self, e_BFK: Tensor) -> Tensor:
        """The attended interactions' part of the logit: [B]."""
        first_P, second_P = self.tuples_OP
        product_BPK = e_BFK.index_select(1, first_P) * e_BFK.index_select(1, second_P)
        hidden_BPA = torch.relu(torch.addmm(self.bias, product_BPK.flatten(0, 1), self.weight_KA))
        score_BP = (hidden_BPA @ self.score_A).view(len(e_BFK), -1)
        attention_BP = torch.softmax(score_BP / self.temperature, dim=1)
        pooled_BK = torch.bmm(attention_BP[:, None], product_BPK)[:, 0]
        out_B: Tensor = self.dropout(pooled_BK) @ self.projection_K
        return out_B
