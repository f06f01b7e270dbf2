"""Interactions of field-aware factorization machines: an id has a vector toward each field (Juan et al. 2016).

Shapes: B rows, F fields, K numbers of a vector, X = F * K numbers of an id, N table rows, P pairs.

A batch's vectors are many: 76 MB for 1,000 rows of 69 fields and K = 4, and each is used once. So the compiled kernels
read them where they lie in the table, without a copy, and write the gradient of every read in one pass.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from autofis_kedro.compiled import is_compiled
from autofis_kedro.data.batches import Batch
from autofis_kedro.models.embeddings import FieldTable, Parts
from autofis_kedro.models.interactions import Interactions, positions
from autofis_kedro.models.room import Room


class FieldAwareInteractions(Interactions[tuple[FieldTable, Batch]]):
    """Inner products of vectors that belong to the other field (FFM), given a table and the batch that reads it.

    Attributes:
        pairs_2P: positions of the fields of each pair.
    """

    pairs_2P: Tensor

    def __init__(self, pairs: tuple[tuple[int, ...], ...], *, normalize: bool, weighted: bool) -> None:
        super().__init__(len(pairs), normalize=normalize, weighted=weighted)
        self.register_buffer("pairs_2P", positions(pairs), persistent=False)
        self._room = Room()

    def products(self, vectors: tuple[FieldTable, Batch]) -> Tensor:
        """<v_i toward j, v_j toward i>: [B, P]; the vectors of a table row lie one after the other: X = F * K."""
        table, batch = vectors
        if not is_compiled(table.weight):
            return field_aware_products(table(batch), self.pairs_2P)
        where = table.read_in_place(batch)
        product_BP: Tensor = _ProductsOfRows.apply(*where, self.pairs_2P, self._room)  # type: ignore[no-untyped-call]
        return product_BP


def field_aware_products(v_BFX: Tensor, pairs_2P: Tensor) -> Tensor:
    """<v_i toward j, v_j toward i> of the pairs (i, j) in plain torch: [B, P]; the reference, and the fallback."""
    rows, fields, width = v_BFX.shape
    v_BFFK = v_BFX.view(rows, fields, fields, width // fields)
    product_BFF = (v_BFFK * v_BFFK.transpose(1, 2)).sum(-1)
    return product_BFF.flatten(1).index_select(1, pairs_2P[0] * fields + pairs_2P[1])


class _ProductsOfRows(torch.autograd.Function):
    """Products of vectors that are read from a table, compiled.

    The table's gradient is handed over in ``parts``, one row per read, in ``room``. Without ``parts`` it is returned:
    then each row of the table is read once.
    """

    @staticmethod
    def forward(
        ctx: Any, table_NX: Tensor, rows_BF: Tensor, parts: Parts | None, pairs_2P: Tensor, room: Room
    ) -> Tensor:
        from autofis_kedro.models import field_aware_numba  # importing numba takes half a second

        ctx.save_for_backward(table_NX, rows_BF, pairs_2P)
        ctx.parts, ctx.room = parts, room
        return field_aware_numba.products(table_NX, rows_BF, pairs_2P)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, None, None, None, None]:
        from autofis_kedro.models import field_aware_numba

        table_NX, rows_BF, pairs_2P = ctx.saved_tensors
        shape = rows_BF.numel(), table_NX.shape[1]
        into_ZX = table_NX.new_empty(shape) if ctx.parts is None else ctx.room.of_shape(*shape)
        field_aware_numba.gradient_of_reads(table_NX, rows_BF, pairs_2P, gradients[0], into_ZX)
        if ctx.parts is None:
            return into_ZX, None, None, None, None
        ctx.parts.put_reads(0, into_ZX)
        return None, None, None, None, None
