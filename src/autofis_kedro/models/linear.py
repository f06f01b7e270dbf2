"""The linear part: a weight per id (paper Eq. 3's <w, x>).

Shapes: B rows, F fields, N rows of the table, Z = B * F reads.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from autofis_kedro.compiled import is_compiled
from autofis_kedro.data.batches import Batch
from autofis_kedro.models.embeddings import FieldTable, Parts


def sum_of_weights(table: FieldTable, batch: Batch) -> Tensor:
    """The sum of a table of width 1 over the fields: [B]."""
    if not is_compiled(table.weight):
        vectors_BF1: Tensor = table(batch)
        return vectors_BF1.sum((1, 2))
    given = table.read_in_place(batch)
    if not torch.is_grad_enabled():
        return _forward(*given[:2])
    out_B: Tensor = _SumOfWeights.apply(*given)  # type: ignore[no-untyped-call]
    return out_B


def _forward(table_N1: Tensor, rows_BF: Tensor) -> Tensor:
    from autofis_kedro.models.linear_numba import sum_of_rows  # importing numba takes half a second

    return sum_of_rows(table_N1, rows_BF)


class _SumOfWeights(torch.autograd.Function):
    """Read where they lie: torch's gather and sum take five times as long."""

    @staticmethod
    def forward(ctx: Any, table_N1: Tensor, rows_BF: Tensor, parts: Parts | None) -> Tensor:
        ctx.parts, ctx.shape = parts, rows_BF.shape
        return _forward(table_N1, rows_BF)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, None, None]:
        parts: Parts | None = ctx.parts
        if parts is not None and parts.reads is not None:
            from autofis_kedro.models.linear_numba import sums_by_row

            parts.add_rows(sums_by_row(gradients[0], parts.reads, ctx.shape[1]))
            return None, None, None
        into_Z1 = gradients[0][:, None].expand(ctx.shape).reshape(-1, 1)
        if parts is None:
            return into_Z1, None, None
        parts.put_reads(0, into_Z1)
        return None, None, None
