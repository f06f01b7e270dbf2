"""The weighted sum of pair products, with or without batch norm, as one operation on the vectors.

Neither the vectors of a batch nor the gradients of its pairs are ever written: the vectors are read where they lie in
their table, and the gradient of a row's pairs is made where it is used.

Shapes: B rows, F fields, K embedding size, P pairs, N rows of a table, Z = B * F reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from autofis_kedro.models.embeddings import Parts
from autofis_kedro.models.normalised_sum import Statistics, gradient_line, sum_of_normalised
from autofis_kedro.models.room import Room


@dataclass(frozen=True)
class Read:
    """Vectors as ``FieldTable.read_in_place`` tells them, and the pairs of fields.

    Attributes:
        table_NK: where they lie.
        rows_BF: the row of each field's vector.
        parts: takes the gradient of the reads as part 0; None if it is the gradient of the table.
        pairs_2P: positions of the fields of each pair.
        hands_on: whether the table is given back for others to read, each row once: their gradient is where that of
            the pairs is added.
        room: for the gradient that ``parts`` takes, used up before the next backward pass; new memory without it.
    """

    table_NK: Tensor
    rows_BF: Tensor
    parts: Parts | None
    pairs_2P: Tensor
    hands_on: bool = False
    room: Room | None = None


def weighted_pairs(read: Read, weight_P: Tensor, vector_FK: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
    """``sum_p weight_p <e_i, e_j> + sum_i <e_i, vector_i>`` (paper Eq. 10; FwFM's linear part), compiled: [B].

    Returns:
        The sum, and the table if it is handed on.
    """
    given = (read.table_NK, weight_P, vector_FK, read)
    out_B, vectors_NK = _WeightedPairs.apply(*given)  # type: ignore[no-untyped-call]
    return out_B, vectors_NK


def normalised_pairs(read: Read, weight_P: Tensor, eps: float) -> tuple[Tensor, Statistics, Tensor | None]:
    """``sum_p weight_p norm(<e_i, e_j>)`` with the batch's own statistics (Eq. 12), as ``normalised_sum`` has it.

    Returns:
        The sum, the statistics, and the table if it is handed on.
    """
    given = (read.table_NK, weight_P, eps, read)
    out_B, mean_P, variance_P, vectors_NK = _NormalisedPairs.apply(*given)  # type: ignore[no-untyped-call]
    return out_B, (mean_P, variance_P), vectors_NK


class _WeightedPairs(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, table_NK: Tensor, weight_P: Tensor, vector_FK: Tensor | None, read: Read
    ) -> tuple[Tensor, Tensor | None]:
        from autofis_kedro.models.weighted_pairs_numba import products  # importing numba takes half a second

        ctx.read, ctx.has_vectors = read, vector_FK is not None
        vector_FK = table_NK.new_empty(0, table_NK.shape[1]) if vector_FK is None else vector_FK
        z_BP, linear_B = products(_reads(table_NK, read, vector_FK))
        ctx.save_for_backward(table_NK, weight_P, vector_FK, z_BP)
        return torch.addmv(linear_B, z_BP, weight_P), _handed_on(table_NK, read)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor, Tensor | None, None]:
        table_NK, weight_P, vector_FK, z_BP = ctx.saved_tensors
        none_P = torch.zeros_like(weight_P)
        line = (none_P, weight_P, none_P)
        into_ZK, into_vector_FK = _gradients(table_NK, ctx.read, vector_FK, z_BP, gradients, line)
        return into_ZK, gradients[0] @ z_BP, into_vector_FK if ctx.has_vectors else None, None


class _NormalisedPairs(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, table_NK: Tensor, weight_P: Tensor, eps: float, read: Read
    ) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        from autofis_kedro.models.weighted_pairs_numba import products

        ctx.read = read
        z_BP, _ = products(_reads(table_NK, read, table_NK.new_empty(0, table_NK.shape[1])))
        out_B, mean_P, variance_P, inverse_P = sum_of_normalised(z_BP, weight_P, eps)
        ctx.save_for_backward(table_NK, weight_P, z_BP, mean_P, inverse_P)
        ctx.mark_non_differentiable(mean_P, variance_P)
        return out_B, mean_P, variance_P, _handed_on(table_NK, read)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor, None, None]:
        table_NK, weight_P, z_BP, mean_P, inverse_P = ctx.saved_tensors
        line, into_weight_P = gradient_line(z_BP, weight_P, mean_P, inverse_P, gradients[0])
        no_vectors = table_NK.new_empty(0, table_NK.shape[1])
        into_ZK, _ = _gradients(table_NK, ctx.read, no_vectors, z_BP, (gradients[0], gradients[-1]), line)
        return into_ZK, into_weight_P, None, None


def _handed_on(table_NK: Tensor, read: Read) -> Tensor | None:
    return table_NK.view_as(table_NK) if read.hands_on else None


def _reads(table_NK: Tensor, read: Read, vector_FK: Tensor) -> Any:
    from autofis_kedro.models.weighted_pairs_numba import Reads

    return Reads(table_NK, read.rows_BF, read.pairs_2P[0], read.pairs_2P[1], vector_FK)


def _room_for_reads(table_NK: Tensor, read: Read) -> Tensor:
    shape = read.rows_BF.numel(), table_NK.shape[1]
    return table_NK.new_empty(shape) if read.parts is None or read.room is None else read.room.of_shape(*shape)


def _gradients(
    table_NK: Tensor,
    read: Read,
    vector_FK: Tensor,
    z_BP: Tensor,
    given: Sequence[Tensor],
    line: tuple[Tensor, Tensor, Tensor],
) -> tuple[Tensor | None, Tensor]:
    """Of the reads, unless they are handed over as part 0, and of the vectors.

    Args:
        given: gradients of the sum and, if it was handed on, of the table.
    """
    from autofis_kedro.models.weighted_pairs_numba import Line, gradients

    gradient_B, others_ZK = given
    # what the reads get from elsewhere is in memory that is nobody else's
    into_ZK = _room_for_reads(table_NK, read) if others_ZK is None else others_ZK.contiguous()
    reads, is_added = _reads(table_NK, read, vector_FK), others_ZK is not None
    into_vector_FK = gradients(reads, z_BP, gradient_B, Line(*line), into_ZK, is_added=is_added)
    if read.parts is None:
        return into_ZK, into_vector_FK
    read.parts.put_reads(0, into_ZK)
    return None, into_vector_FK
