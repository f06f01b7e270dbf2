"""The feature interaction layer: product, then norm, then weight (paper Eq. 2, 12 and 10).

Shapes: B rows, F fields, K embedding size, P interactions.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from autofis_kedro.models.norm import PlainBatchNorm
from autofis_kedro.models.triples import triple_products

Vectors = TypeVar("Vectors")
"""What products are taken of: embeddings [B, F, K], or what FFM reads them from."""


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


class Interactions(nn.Module, Generic[Vectors]):
    """Interactions of one order, normalised and weighted: product -> norm -> weight.

    Subclasses say what a product is.

    Attributes:
        tuples_OP: positions of the fields of each interaction [order, P].
    """

    tuples_OP: Tensor

    def __init__(self, tuples: tuple[tuple[int, ...], ...], *, normalize: bool, weighted: bool) -> None:
        super().__init__()
        self.register_buffer("tuples_OP", torch.tensor(tuples, dtype=torch.int64).T.contiguous(), persistent=False)
        self.norm = PlainBatchNorm(len(tuples)) if normalize else None
        self.alpha_P = nn.Parameter(torch.empty(len(tuples))) if weighted else None

    def products(self, vectors: Vectors) -> Tensor:
        """The interactions themselves: [B, P]."""
        raise NotImplementedError

    def normalised(self, vectors: Vectors) -> Tensor:
        """The products, normalised if the model does: [B, P]."""
        z_BP = self.products(vectors)
        # norm before gate: else the embeddings' scale hides in the gate (sec. 3.2)
        return z_BP if self.norm is None else self.norm(z_BP)

    def values(self, vectors: Vectors) -> Tensor:
        """The weighted interactions one by one, as IPNN's MLP takes them: [B, P]."""
        z_BP = self.normalised(vectors)
        return z_BP if self.alpha_P is None else z_BP * self.alpha_P

    def forward(self, vectors: Vectors) -> Tensor:
        """Sum of the weighted interactions: [B]."""
        z_BP = self.normalised(vectors)
        return z_BP.sum(1) if self.alpha_P is None else z_BP @ self.alpha_P


class PairInteractions(Interactions[Tensor]):
    """Inner products of two embeddings (paper Eq. 2)."""

    def __init__(self, pairs: tuple[tuple[int, ...], ...], n_fields: int, *, normalize: bool, weighted: bool) -> None:
        super().__init__(pairs, normalize=normalize, weighted=weighted)
        self._is_plain_sum = not normalize and not weighted and len(pairs) == n_fields * (n_fields - 1) // 2

    def products(self, e_BFK: Tensor) -> Tensor:
        """<e_i, e_j>: [B, P]."""
        return pair_products(e_BFK, self.tuples_OP)

    def forward(self, e_BFK: Tensor) -> Tensor:
        """Sum of the weighted interactions: [B]."""
        return sum_of_all_pair_products(e_BFK) if self._is_plain_sum else super().forward(e_BFK)


class TripleInteractions(Interactions[Tensor]):
    """Sums over k of e_ik * e_jk * e_lk (paper sec. 3.2, third order)."""

    def products(self, e_BFK: Tensor) -> Tensor:
        """[B, P]."""
        return triple_products(e_BFK, self.tuples_OP)
