"""Embedding tables over the global id space (paper Eq. 1).

Shapes: B rows, F fields, O one-hot fields, K embedding size, N global ids, Z ids of one multi-hot field in the batch.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import torch
from torch import Tensor, nn

from autofis_kedro.data.batches import Bag, Batch
from autofis_kedro.data.reads import Reads, RowGradient
from autofis_kedro.data.schema import MISSING, OTHER, UNSEEN, Schema


@dataclasses.dataclass
class Parts:
    """Gradients of a batch's reads of a table, on their way to its optimizer, which adds up those of a row.

    Attributes:
        reads: of the batch, where they are grouped by row: so gradients may be, too.
        of_reads: one for each read: of the one-hot fields, 0, and of each multi-hot field, from 1 on.
        of_rows: further ones, added up by row, in the order of ``reads``: [U, width].
    """

    reads: Reads | None = None
    of_reads: dict[int, Tensor] = dataclasses.field(default_factory=dict)
    of_rows: Tensor | None = None

    def put_reads(self, part: int, gradient_ZK: Tensor) -> None:
        """Take what each read of a part has: once, for it may lie in memory that the next backward pass fills."""
        assert part not in self.of_reads, "two backward passes of one batch"
        self.of_reads[part] = gradient_ZK

    def add_rows(self, sums_UK: Tensor) -> None:
        """Take what is added up by row."""
        self.of_rows = sums_UK if self.of_rows is None else self.of_rows.add_(sums_UK)


class _GatherInto(torch.autograd.Function):
    """Rows of a table whose gradient is handed over as it is, one row per read.

    Autograd would allocate and fill a table-sized gradient at every step: 67 ms for 600,000 ids of 40, where the
    rows that a batch of 2,000 reads take 5.
    """

    @staticmethod
    def forward(ctx: Any, table: Tensor, ids: Tensor, parts: Parts, part: int) -> Tensor:
        ctx.parts, ctx.part = parts, part
        return table.index_select(0, ids)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, None, None]:
        ctx.parts.put_reads(ctx.part, gradients[0])
        return None, None, None, None


class FieldTable(nn.Module):
    """One vector of ``width`` numbers per global id, pooled to one per field."""

    def __init__(self, schema: Schema, width: int, pooling: Literal["mean", "sum"]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(schema.n_ids, width))
        self.pooling = pooling
        self._order = _field_order(schema)
        self.gradient_parts: Parts | None = None
        self._grouped: tuple[Batch, Reads] | None = None

    def keep_gradient(self) -> None:
        """From now on hold the gradient of what batches read for ``take_gradient`` instead of ``weight.grad``."""
        self.gradient_parts = Parts()

    def leave_gradient(self) -> None:
        """From now on leave it to autograd, as any module does: whatever optimizer trains it finds ``weight.grad``."""
        self.gradient_parts = self._grouped = None

    def take_gradient(self) -> RowGradient:
        """The gradient of the last batch's rows."""
        parts = self.gradient_parts
        assert parts is not None, "keep_gradient was not called"
        assert parts.of_reads or parts.of_rows is not None, "no backward pass"
        self.gradient_parts, self._grouped = Parts(), None
        of_reads = [parts.of_reads[part] for part in sorted(parts.of_reads)]
        joined = torch.cat(of_reads) if len(of_reads) > 1 else of_reads[0] if of_reads else None
        return RowGradient(joined, parts.of_rows)

    def begin(self, batch: Batch, reads: Reads) -> None:
        """Take note of how the reads of the next batch are grouped; a gradient that nobody took is none of its own."""
        self._grouped = batch, reads
        if self.gradient_parts is not None:
            self.gradient_parts = Parts(reads)

    def grouped_reads(self, batch: Batch) -> Reads | None:
        """The reads of a batch, if ``begin`` has told them."""
        return self._grouped[1] if self._grouped is not None and self._grouped[0] is batch else None

    def forward(self, batch: Batch) -> Tensor:
        """One vector per field: [B, F, width]."""
        self._check_begun(batch)
        rows, n_one_hot = batch.one_hot_BO.shape
        vectors_BFK = self._gather(batch.one_hot_BO.reshape(-1), 0).view(rows, n_one_hot, self.weight.shape[1])
        if not batch.bags:
            return vectors_BFK
        pooled = [self._pool(batch.bags[position], part) for part, position in enumerate(sorted(batch.bags), 1)]
        joined_BFK = torch.cat([vectors_BFK, torch.stack(pooled, dim=1)], dim=1)
        return joined_BFK.index_select(1, self._order.to(joined_BFK.device))

    def read_in_place(self, batch: Batch) -> tuple[Tensor, Tensor, Parts | None]:
        """Where the vectors of a batch lie, for who reads them without a copy.

        Pooled vectors, and those whose gradient autograd is to add up, lie in a copy of their own.

        Returns:
            A tensor [N, width], the row of each field's vector in it [B, F], and what takes the gradient: of these
            reads, as part 0, or added up by row. None if it is the gradient of the tensor.
        """
        self._check_begun(batch)
        if not batch.bags and (self.gradient_parts is not None or not torch.is_grad_enabled()):
            return self.weight, batch.one_hot_BO, self.gradient_parts
        return *one_row_each(self(batch)), None

    def _check_begun(self, batch: Batch) -> None:
        """A gradient by row is of the rows that ``begin`` was told: those of another batch would be taken for them."""
        is_kept = self.gradient_parts is not None and torch.is_grad_enabled()
        is_other = self._grouped is not None and self._grouped[0] is not batch
        assert not (is_kept and is_other), "begin was told another batch"

    def _gather(self, ids: Tensor, part: int) -> Tensor:
        if self.gradient_parts is not None and torch.is_grad_enabled():
            gathered: Tensor = _GatherInto.apply(self.weight, ids, self.gradient_parts, part)  # type: ignore[no-untyped-call]
            return gathered
        return self.weight.index_select(0, ids)

    def _pool(self, bag: Bag, part: int) -> Tensor:
        vectors_ZK = self._gather(bag.values_Z, part)
        lengths_B = torch.diff(bag.offsets_B, append=bag.offsets_B.new_tensor([len(bag.values_Z)]))
        # the size is known here: a GPU would be waited for to tell it
        row_Z = torch.repeat_interleave(lengths_B, output_size=len(vectors_ZK))
        sums_BK = vectors_ZK.new_zeros(len(lengths_B), vectors_ZK.shape[1]).index_add(0, row_Z, vectors_ZK)
        return sums_BK if self.pooling == "sum" else sums_BK / lengths_B[:, None]


def one_row_each(vectors_BFK: Tensor) -> tuple[Tensor, Tensor]:
    """Vectors as a table that is read once: its rows [B * F, K], and the row of each vector [B, F]."""
    rows_Z = torch.arange(vectors_BFK.shape[0] * vectors_BFK.shape[1], dtype=torch.int32)
    return vectors_BFK.flatten(0, 1), rows_Z.view(vectors_BFK.shape[:2])


def _field_order(schema: Schema) -> Tensor:
    """Place of each field among the one-hot fields followed by the multi-hot fields."""
    stored = [*schema.one_hot_positions, *schema.multi_hot_positions]
    return torch.tensor([stored.index(i) for i in range(schema.n_fields)])


@torch.no_grad()
def lend_to_untrained(table: FieldTable, schema: Schema) -> None:
    """Give ids that no train row holds the vector of their field's rare values, or zeros if it has none.

    An unseen value is the extreme of a rare one; its own row would still be its random initial value.
    """
    for start, field in zip(schema.offsets, schema.fields, strict=False):
        other = table.weight[start + OTHER] if field.other_rows else torch.zeros_like(table.weight[start])
        table.weight[start + UNSEEN] = other
        if not field.missing_rows:
            table.weight[start + MISSING] = other
        if not field.other_rows:
            table.weight[start + OTHER] = other
