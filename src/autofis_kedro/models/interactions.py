"""The feature interaction layer: product, then norm, then weight (paper Eq. 2, 12 and 10).

Shapes: B rows, F fields, K embedding size, P interactions.
"""

from __future__ import annotations

import math
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from autofis_kedro.compiled import is_compiled
from autofis_kedro.data.batches import Batch
from autofis_kedro.models.embeddings import FieldTable
from autofis_kedro.models.norm import PlainBatchNorm
from autofis_kedro.models.pair_products import pair_products, weighted_pair_sum, weighted_pair_sum_of_rows
from autofis_kedro.models.pair_sum import pair_sum_of_rows, sum_of_all_pair_products
from autofis_kedro.models.triples import sum_of_all_triple_products, triple_products

Vectors = TypeVar("Vectors")
"""What products are taken of: embeddings [B, F, K], or what FFM reads them from."""


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

    def values(self, vectors: Vectors) -> Tensor:
        """The weighted interactions one by one, as IPNN's MLP takes them: [B, P]."""
        z_BP = self.products(vectors)
        # norm before gate: else the embeddings' scale hides in the gate (sec. 3.2)
        z_BP = z_BP if self.norm is None else self.norm(z_BP)
        return z_BP if self.alpha_P is None else z_BP * self.alpha_P

    def forward(self, vectors: Vectors) -> Tensor:
        """Sum of the weighted interactions: [B]."""
        z_BP = self.products(vectors)
        if self.norm is not None:
            return self.norm.weighted_sum(z_BP, z_BP.new_ones(z_BP.shape[1]) if self.alpha_P is None else self.alpha_P)
        return z_BP.sum(1) if self.alpha_P is None else z_BP @ self.alpha_P


class PairInteractions(Interactions[Tensor]):
    """Inner products of two embeddings (paper Eq. 2)."""

    def __init__(self, pairs: tuple[tuple[int, ...], ...], n_fields: int, *, normalize: bool, weighted: bool) -> None:
        super().__init__(pairs, normalize=normalize, weighted=weighted)
        self._is_plain_sum = not normalize and not weighted and len(pairs) == math.comb(n_fields, 2)

    def products(self, e_BFK: Tensor) -> Tensor:
        """<e_i, e_j>: [B, P]."""
        return pair_products(e_BFK, self.tuples_OP)

    def forward(self, e_BFK: Tensor) -> Tensor:
        """Sum of the weighted interactions: [B]."""
        if self._is_plain_sum:
            return sum_of_all_pair_products(e_BFK)
        if not self._is_predicting:
            return super().forward(e_BFK)
        weight_P, shift = self._as_weights(e_BFK)
        return weighted_pair_sum(e_BFK, self.tuples_OP, weight_P) + shift

    def reads_in_place(self, table: FieldTable) -> bool:
        """Whether ``of_table`` can be had: the compiled sums that need no vector twice."""
        return is_compiled(table.weight) and (self._is_plain_sum or self._is_predicting)

    def of_table(self, table: FieldTable, batch: Batch) -> Tensor:
        """As ``forward``, of vectors where they lie in a table that nothing else reads: [B]."""
        table_NK, rows_BF, parts = table.read_in_place(batch)
        if self._is_plain_sum:
            return pair_sum_of_rows(table_NK, rows_BF, parts)
        weight_P, shift = self._as_weights(table_NK)
        return weighted_pair_sum_of_rows(table_NK, rows_BF, self.tuples_OP, weight_P) + shift

    @property
    def _is_predicting(self) -> bool:
        """Without gradients, and with known statistics: batch norm and alpha are then one weight per pair."""
        return not torch.is_grad_enabled() and not (self.norm is not None and self.norm.uses_batch)

    def _as_weights(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """Batch norm and alpha in prediction as a weight per pair and a shift of the logit."""
        ones_P = like.new_ones(self.tuples_OP.shape[1])
        weight_P = ones_P if self.alpha_P is None else self.alpha_P
        if self.norm is None:
            return weight_P, weight_P.new_zeros(())
        slope_P, shift_P = self.norm.as_line(weight_P)
        return slope_P, shift_P.sum()


class TripleInteractions(Interactions[Tensor]):
    """Sums over k of e_ik * e_jk * e_lk (paper sec. 3.2, third order)."""

    def __init__(self, triples: tuple[tuple[int, ...], ...], n_fields: int, *, normalize: bool, weighted: bool) -> None:
        super().__init__(triples, normalize=normalize, weighted=weighted)
        self._is_plain_sum = not normalize and not weighted and len(triples) == math.comb(n_fields, 3)

    def products(self, e_BFK: Tensor) -> Tensor:
        """[B, P]."""
        return triple_products(e_BFK, self.tuples_OP)

    def forward(self, e_BFK: Tensor) -> Tensor:
        """Sum of the weighted interactions: [B]."""
        return sum_of_all_triple_products(e_BFK) if self._is_plain_sum else super().forward(e_BFK)
