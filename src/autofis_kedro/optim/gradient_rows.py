"""Tables' dense gradients that are cleared at the cost of the rows that a batch touched."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from autofis_kedro.compiled import is_compiled
from autofis_kedro.data.reads import Reads, RowGradient


class GradientRows:
    """Dense gradients kept between steps, of which only touched rows are filled and cleared.

    The optimizer sees an ordinary ``table.grad``. Filling a new one for 600,000 ids of 40 would take 67 ms a step.

    Args:
        tables: that share their row numbers.
    """

    def __init__(self, tables: Sequence[nn.Parameter]) -> None:
        self._tables = tables
        self._buffers = [torch.zeros_like(table) for table in tables]
        self._sums = _sums_for(tables[0])

    def begin(self, ids_Z: Tensor, reads: Reads | None = None) -> Reads | None:
        """Take note of the reads of a batch.

        Args:
            ids_Z: in the order of their gradients.
            reads: the same grouped by row, where the caller has them.

        Returns:
            The reads grouped by row, where they are.
        """
        return self._sums.begin(ids_Z, reads)

    def fill(self, gradients: Sequence[RowGradient]) -> None:
        """Put the sum of each row's gradients into its row.

        Args:
            gradients: of the rows that the reads given to ``begin`` read, for each table.
        """
        for table, buffer, gradient in zip(self._tables, self._buffers, gradients, strict=True):
            self._sums.add_to(buffer, gradient)
            table.grad = buffer

    def clear(self) -> None:
        """Back to zero where ``fill`` was."""
        for buffer in self._buffers:
            buffer.index_fill_(0, self._sums.rows, 0.0)


class TorchSums:
    """In plain torch, read by read."""

    def begin(self, ids_Z: Tensor, reads: Reads | None) -> Reads | None:
        """Take note of the reads; given back as far as they are grouped."""
        self.rows = ids_Z.long()  # index_fill_ takes no int32
        return reads

    def add_to(self, buffer_NK: Tensor, gradient: RowGradient) -> None:
        """Add gradients to their rows; by row they come from compiled loops alone, with which ``NumbaSums`` goes."""
        assert gradient.of_rows_UK is None, "sums by row are compiled loops'"
        assert gradient.of_reads_ZK is not None
        buffer_NK.index_add_(0, self.rows, gradient.of_reads_ZK)


def _sums_for(table: Tensor) -> TorchSums:
    """torch's index_add_ works on one thread alone: 3.6 ms of a step on Frappe."""
    if not is_compiled(table):
        return TorchSums()
    from autofis_kedro.optim.row_kernels_numba import NumbaSums  # importing numba takes half a second

    return NumbaSums(len(table))
