"""The feature interaction layer: product, then norm, then weight (paper Eq. 2, 12 and 10).

Shapes: B rows, F fields, K embedding size, P interactions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from autofis_kedro.compiled import is_compiled
from autofis_kedro.data.batches import Batch
from autofis_kedro.models.embeddings import FieldTable, one_row_each
from autofis_kedro.models.norm import PlainBatchNorm
from autofis_kedro.models.pair_products import pair_products
from autofis_kedro.models.pair_sum import pair_sum_of_rows, sum_of_all_pair_products
from autofis_kedro.models.room import Room
from autofis_kedro.models.triples import by_first_field, sum_of_all_triple_products, triple_products
from autofis_kedro.models.weighted_pairs import Read, normalised_pairs, weighted_pairs

IdLogits = Callable[[Tensor], Tensor]
"""From the rows of a table [B, F] to logits [B]."""
Vectors = TypeVar("Vectors")
"""What products are taken of: embeddings [B, F, K], or what FFM reads them from."""


def positions(tuples: Sequence[tuple[int, ...]]) -> Tensor:
    """Positions of the fields of each interaction: int64 [order, P]."""
    return torch.tensor(tuples, dtype=torch.int64).T.contiguous()


class Interactions(nn.Module, Generic[Vectors]):
    """Interactions of one order, normalised and weighted: product -> norm -> weight.

    Subclasses say what a product is.

    Args:
        n_interactions: P.
    """

    def __init__(self, n_interactions: int, *, normalize: bool, weighted: bool) -> None:
        super().__init__()
        self.norm = PlainBatchNorm(n_interactions) if normalize else None
        self.alpha_P = nn.Parameter(torch.empty(n_interactions)) if weighted else None

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
    """Inner products of two embeddings (paper Eq. 2).

    Attributes:
        pairs_2P: positions of the fields of each pair.
    """

    pairs_2P: Tensor

    def __init__(self, pairs: tuple[tuple[int, ...], ...], n_fields: int, *, normalize: bool, weighted: bool) -> None:
        super().__init__(len(pairs), normalize=normalize, weighted=weighted)
        self.register_buffer("pairs_2P", positions(pairs), persistent=False)
        self._is_plain_sum = not normalize and not weighted and len(pairs) == math.comb(n_fields, 2)
        self._room = Room()

    def products(self, e_BFK: Tensor) -> Tensor:
        """<e_i, e_j>: [B, P]."""
        return pair_products(e_BFK, self.pairs_2P)

    def forward(self, e_BFK: Tensor) -> Tensor:
        """Sum of the weighted interactions: [B]."""
        if self._is_plain_sum:
            return sum_of_all_pair_products(e_BFK)
        if is_compiled(e_BFK):
            return self._of(Read(*one_row_each(e_BFK), None, self.pairs_2P))[0]
        return super().forward(e_BFK)

    def beside(self, e_BFK: Tensor) -> tuple[Tensor, Tensor]:
        """As ``forward``, of vectors that others read, too.

        Returns:
            The sum [B], and the vectors for the others to read. Their gradient is where that of the pairs is added: one
            pass over numbers as many as the batch's vectors less than autograd's own addition.
        """
        if not (is_compiled(e_BFK) and torch.is_grad_enabled()):
            return self(e_BFK), e_BFK
        out_B, vectors_ZK = self._of(Read(*one_row_each(e_BFK), None, self.pairs_2P, hands_on=True))
        assert vectors_ZK is not None
        return out_B, vectors_ZK.view(e_BFK.shape)

    def reads_in_place(self, table: FieldTable, *, with_vectors: bool = False) -> bool:
        """Whether ``of_table`` can be had, with FwFM's linear part or without."""
        can_add = self.norm is None and not self._is_plain_sum and torch.is_grad_enabled()
        return is_compiled(table.weight) and (can_add or not with_vectors)

    def of_table(self, table: FieldTable, batch: Batch, vector_FK: Tensor | None = None) -> Tensor:
        """As ``forward``, of vectors where they lie in a table that nothing else reads: [B].

        Args:
            vector_FK: ``sum_i <e_i, vector_i>`` is added.
        """
        return self._of(Read(*table.read_in_place(batch), self.pairs_2P, room=self._room), vector_FK)[0]

    def _of(self, read: Read, vector_FK: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        if self._is_plain_sum:
            return pair_sum_of_rows(read.table_NK, read.rows_BF, read.parts, read.hands_on)
        if self.norm is None or not self.norm.uses_batch:
            if not torch.is_grad_enabled():
                return self._weighted_logits(read.table_NK, None, 0.0)(read.rows_BF), None
            weight_P, shift = self._as_weights(read.table_NK)
            out_B, vectors_NK = weighted_pairs(read, weight_P, vector_FK)
            return out_B + shift, vectors_NK
        weight_P = read.table_NK.new_ones(self.pairs_2P.shape[1]) if self.alpha_P is None else self.alpha_P
        out_B, (mean_P, variance_P), vectors_NK = normalised_pairs(read, weight_P, self.norm.eps)
        with torch.no_grad():
            self.norm.follow(mean_P, variance_P, len(read.rows_BF))
        return out_B, vectors_NK

    def logits_of_ids(self, table_NK: Tensor, linear_N1: Tensor, bias: Tensor) -> IdLogits | None:
        """From ids [B, F] to ``forward`` of a table's vectors, plus a linear part, of batch after batch: [B].

        As long as no weight and no statistic changes. None where nothing is compiled, or where
        batches are normalised with their own statistics.
        """
        if not is_compiled(table_NK) or (self.norm is not None and self.norm.uses_batch):
            return None
        if self._is_plain_sum:
            from autofis_kedro.models.pair_logits_numba import PairSumLogits  # importing numba takes half a second

            return PairSumLogits(table_NK, linear_N1, float(bias.detach()))
        return self._weighted_logits(table_NK, linear_N1, bias)

    def _weighted_logits(self, table_NK: Tensor, linear_N1: Tensor | None, bias: Tensor | float) -> IdLogits:
        from autofis_kedro.models.pair_logits_numba import WeightedPairLogits

        with torch.no_grad():
            weight_P, shift = self._as_weights(table_NK)
            return WeightedPairLogits(table_NK, linear_N1, float(bias + shift), self.pairs_2P, weight_P)

    def _as_weights(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """Alpha and batch norm with known statistics as a weight per pair and a shift of the logit."""
        ones_P = like.new_ones(self.pairs_2P.shape[1])
        weight_P = ones_P if self.alpha_P is None else self.alpha_P
        if self.norm is None:
            return weight_P, weight_P.new_zeros(())
        slope_P, shift_P = self.norm.as_line(weight_P)
        return slope_P, shift_P.sum()


class TripleInteractions(Interactions[Tensor]):
    """Sums over k of e_ik * e_jk * e_lk (paper sec. 3.2, third order)."""

    def __init__(self, triples: tuple[tuple[int, ...], ...], n_fields: int, *, normalize: bool, weighted: bool) -> None:
        super().__init__(len(triples), normalize=normalize, weighted=weighted)
        self._is_plain_sum = not normalize and not weighted and len(triples) == math.comb(n_fields, 3)
        self._firsts = by_first_field(triples)

    def products(self, e_BFK: Tensor) -> Tensor:
        """[B, P]."""
        return triple_products(e_BFK, self._firsts)

    def forward(self, e_BFK: Tensor) -> Tensor:
        """Sum of the weighted interactions: [B]."""
        return sum_of_all_triple_products(e_BFK) if self._is_plain_sum else super().forward(e_BFK)
