"""The sum of every pair's product, by the identity of factorization machines (Rendle 2010, Lemma 3.1).

Shapes: B rows, F fields, K embedding size, N rows of a table.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from autofis_kedro.compiled import is_compiled
from autofis_kedro.models.embeddings import Parts, one_row_each


def sum_of_all_pair_products(e_BFK: Tensor) -> Tensor:
    """``sum_{i<j} <e_i, e_j> = (|sum_i e_i|**2 - sum_i |e_i|**2) / 2``: [B]."""
    if is_compiled(e_BFK):
        return pair_sum_of_rows(*one_row_each(e_BFK), None)[0]
    square_of_sum_B = e_BFK.sum(1).square().sum(1)
    return 0.5 * (square_of_sum_B - e_BFK.square().sum((1, 2)))


def pair_sum_of_rows(
    table_NK: Tensor, rows_BF: Tensor, parts: Parts | None, hands_on: bool = False
) -> tuple[Tensor, Tensor | None]:
    """The same, compiled, of the vectors that ``FieldTable.read_in_place`` tells: [B].

    Returns:
        The sum; and, if it ``hands_on``, the table for others to read, each row once: their gradient is where that of
        the sum is added.
    """
    if not torch.is_grad_enabled():
        return _forward(table_NK, rows_BF)[0], None
    given = (table_NK, rows_BF, parts, hands_on)
    out_B, vectors_NK = _PairSumOfRows.apply(*given)  # type: ignore[no-untyped-call]
    return out_B, vectors_NK


def _forward(table_NK: Tensor, rows_BF: Tensor) -> tuple[Tensor, Tensor]:
    from autofis_kedro.models import pair_sum_numba  # importing numba takes half a second

    return pair_sum_numba.forward(table_NK, rows_BF)


class _PairSumOfRows(torch.autograd.Function):
    """One pass over the vectors forward, one backward, where autograd makes six."""

    @staticmethod
    def forward(
        ctx: Any, table_NK: Tensor, rows_BF: Tensor, parts: Parts | None, hands_on: bool
    ) -> tuple[Tensor, Tensor | None]:
        out_B, sum_BK = _forward(table_NK, rows_BF)
        ctx.save_for_backward(table_NK, rows_BF, sum_BK)
        ctx.parts = parts
        return out_B, table_NK.view_as(table_NK) if hands_on else None

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, None, None, None]:
        from autofis_kedro.models import pair_sum_numba

        table_NK, rows_BF, sum_BK = ctx.saved_tensors
        gradient_B, others_ZK = gradients
        assert gradient_B is not None, "the sum is part of the logit"
        parts: Parts | None = ctx.parts
        if parts is not None and parts.reads is not None and others_ZK is None:
            fields = rows_BF.shape[1]
            parts.add_rows(pair_sum_numba.gradient_of_rows(table_NK, parts.reads, fields, sum_BK, gradient_B))
            return None, None, None, None
        is_added = others_ZK is not None  # what the reads get from elsewhere, in memory that is nobody else's
        into_ZK = (
            table_NK.new_empty(rows_BF.numel(), table_NK.shape[1]) if others_ZK is None else others_ZK.contiguous()
        )
        pair_sum_numba.gradient_of_reads(table_NK, rows_BF, sum_BK, gradient_B, into_ZK, is_added=is_added)
        if parts is None:
            return into_ZK, None, None, None
        parts.put_reads(0, into_ZK)
        return None, None, None, None
