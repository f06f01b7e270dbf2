"""The MLP's first matrix product at the cost of the different table rows that a batch reads.

Rows of a batch share ids: 2,000 rows of 24 fields read 48,000 vectors, but only 9,400 different ones. The product is a
sum over fields of a vector times the field's part of the weights; so each different vector is multiplied once, and a
batch row adds up products. Backward, the gradients of all that read a vector are added up before they are multiplied.

Shapes: B rows, F fields, K embedding size, N hidden units, D = F * K + X inputs, X others, U different table rows,
Z = B * F reads, T rows of the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, get_num_threads

from autofis_kedro.compiled import is_compiled
from autofis_kedro.data.batches import Batch
from autofis_kedro.models.embeddings import FieldTable, Parts
from autofis_kedro.models.matmul import fast_mm
from autofis_kedro.models.room import Room

LARGEST_SHARE = 0.4
"""Of different rows among the reads; above, adding up costs what multiplying less saves."""
FEWEST_MULTIPLICATIONS = 1 << 28
"""Of the whole product; below, grouping the rows costs as much as multiplying less saves."""
SMALLEST_SIZE = 12
"""Of the vectors; products of smaller ones cost no more than adding them up."""
UNITS_OF_A_THREAD = 48
"""At least: backward, threads share the hidden units, and with few for each some wait."""


@dataclass(frozen=True)
class DistinctRows:
    """The different rows of a table that a batch reads.

    Attributes:
        table_TK: where they lie.
        parts: takes the gradient of the rows.
        rows_U: each once: by field, then by the first batch row that reads it.
        field_starts: where each field's begin in ``rows_U``, with the end: [F + 1].
        place_BF: where in ``rows_U`` the row of each read is.
        reader_Z: the batch rows that read each row, ascending.
        starts_U: where each row's begin in ``reader_Z``, with the end: [U + 1].
        number_U: where in the batch's ``Reads.rows_U`` each row is.
    """

    table_TK: Tensor
    parts: Parts
    rows_U: Tensor
    field_starts: Tensor
    place_BF: Tensor
    reader_Z: Tensor
    starts_U: Tensor
    number_U: Tensor

    @property
    def n_inputs(self) -> int:
        """F * K."""
        return self.place_BF.shape[1] * self.table_TK.shape[1]


def distinct_rows(table: FieldTable, batch: Batch, n_units: int) -> DistinctRows | None:
    """The rows, where multiplying each once saves time; compiled.

    Args:
        table: in training; its reads of the batch are grouped.
        batch: what is read.
        n_units: columns of the product.

    Returns:
        None where they are better multiplied read by read.
    """
    reads, parts = table.grouped_reads(batch), table.gradient_parts
    is_fit = is_compiled(table.weight) and torch.is_grad_enabled() and not batch.bags
    if reads is None or parts is None or not is_fit:
        return None
    n_rows, n_fields = batch.one_hot_BO.shape
    n_reads, size = n_rows * n_fields, table.weight.shape[1]
    is_large = n_reads * size * n_units >= FEWEST_MULTIPLICATIONS and n_units >= UNITS_OF_A_THREAD * get_num_threads()
    if not is_large or size < SMALLEST_SIZE or len(reads.rows_U) > LARGEST_SHARE * n_reads:
        return None
    from autofis_kedro.models.distinct_rows_numba import by_field  # importing numba takes half a second

    found = by_field(reads, n_rows, n_fields)
    return None if found is None else DistinctRows(table.weight, parts, *found)


def product_of_rows(
    rows: DistinctRows, others_BX: Tensor | None, weight_DN: Tensor, bias_N: Tensor | None, room: Room
) -> Tensor:
    """``[E, others] @ weight + bias`` with gradients: [B, N].

    Args:
        rows: of the embeddings E; their gradient goes to ``rows.parts``, added up by row.
        others_BX: further inputs.
        weight_DN: the embeddings' rows, then the others'.
        bias_N: added.
        room: memory for products and sums.
    """
    out_BN: Tensor = _ProductOfRows.apply(rows, others_BX, weight_DN, bias_N, room)  # type: ignore[no-untyped-call]
    return out_BN


class _ProductOfRows(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, rows: DistinctRows, others_BX: Tensor | None, weight_DN: Tensor, bias_N: Tensor | None, room: Room
    ) -> Tensor:
        from autofis_kedro.models import distinct_rows_numba

        vectors_UK = rows.table_TK.index_select(0, rows.rows_U)
        ctx.save_for_backward(others_BX, weight_DN, vectors_UK)
        ctx.rows, ctx.room = rows, room
        out_BN = distinct_rows_numba.product(rows, vectors_UK, weight_DN, bias_N, room)
        if others_BX is not None:
            out_BN += fast_mm(others_BX, weight_DN[rows.n_inputs :])
        return out_BN

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor | None, Tensor, Tensor | None, None]:
        from autofis_kedro.models import distinct_rows_numba

        others_BX, weight_DN, vectors_UK = ctx.saved_tensors
        rows, (gradient_BN,) = ctx.rows, gradients
        into_weight_DN, into_vectors_UK = distinct_rows_numba.gradients(
            rows, vectors_UK, weight_DN, gradient_BN, ctx.room
        )
        rows.parts.add_rows(into_vectors_UK)
        into_others_BX = None
        if others_BX is not None:
            into_weight_DN[rows.n_inputs :] = fast_mm(others_BX.T, gradient_BN)
            into_others_BX = fast_mm(gradient_BN, weight_DN[rows.n_inputs :].T) if ctx.needs_input_grad[1] else None
        return None, into_others_BX, into_weight_DN, gradient_BN.sum(0) if ctx.needs_input_grad[3] else None, None
