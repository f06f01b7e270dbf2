"""The feature interaction layer: product, then norm, then weight (paper Eq. 2, 12 and 10).

Shapes: B rows, F fields, K embedding size, P interactions.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from autofis_kedro.models.norm import PlainBatchNorm


class _PairProducts(torch.autograd.Function):
    """Inner products of chosen pairs of fields out of one Gram matrix per row.

    About twenty times faster than gathering both vectors of every pair. The backward pass is written out because
    autograd's would build two [B, F, F] gradients where one symmetric one serves.
    """

    @staticmethod
    def forward(ctx: Any, e_BFK: Tensor, first_P: Tensor, second_P: Tensor) -> Tensor:
        ctx.save_for_backward(e_BFK, first_P, second_P)
        gram_BFF = torch.bmm(e_BFK, e_BFK.transpose(1, 2))
        return gram_BFF.flatten(1).index_select(1, first_P * e_BFK.shape[1] + second_P)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        e_BFK, first_P, second_P = ctx.saved_tensors
        rows, fields, _ = e_BFK.shape
        gradient_BX = e_BFK.new_zeros(rows, fields * fields)
        gradient_BX.index_copy_(1, first_P * fields + second_P, gradients[0])
        gradient_BX.index_copy_(1, second_P * fields + first_P, gradients[0])
        return torch.bmm(gradient_BX.view(rows, fields, fields), e_BFK), None, None


def pair_products(e_BFK: Tensor, pairs_2P: Tensor) -> Tensor:
    """Inner products <e_i, e_j> (paper Eq. 2) of the pairs (i, j), i != j: [B, P]."""
    product_BP: Tensor = _PairProducts.apply(e_BFK, pairs_2P[0], pairs_2P[1])  # type: ignore[no-untyped-call]
    return product_BP


def sum_of_all_pair_products(e_BFK: Tensor) -> Tensor:
    """The sum of every pair's product by the identity of factorization machines (Rendle 2010, Lemma 3.1): [B]."""
    square_of_sum_BK = e_BFK.sum(1).square()
    sum_of_square_BK = e_BFK.square().sum(1)
    return 0.5 * (square_of_sum_BK - sum_of_square_BK).sum(1)


class PairInteractions(nn.Module):
    """One logit from the kept pairs."""

    pairs_2P: Tensor

    def __init__(self, pairs: tuple[tuple[int, ...], ...], n_fields: int, *, normalize: bool, weighted: bool) -> None:
        super().__init__()
        shape = torch.tensor(pairs, dtype=torch.int64).view(-1, 2)
        self.register_buffer("pairs_2P", shape.T.contiguous(), persistent=False)
        self.norm = PlainBatchNorm(len(pairs)) if normalize else None
        self.alpha_P = nn.Parameter(torch.full((len(pairs),), 0.6)) if weighted else None
        self._is_plain_sum = not normalize and not weighted and len(pairs) == n_fields * (n_fields - 1) // 2

    def forward(self, e_BFK: Tensor) -> Tensor:
        """Sum of the weighted interactions: [B]."""
        if self._is_plain_sum:
            return sum_of_all_pair_products(e_BFK)
        z_BP = pair_products(e_BFK, self.pairs_2P)
        # norm before gate: else the embeddings' scale hides in the gate (sec. 3.2)
        if self.norm is not None:
            z_BP = self.norm(z_BP)
        return z_BP.sum(1) if self.alpha_P is None else z_BP @ self.alpha_P
