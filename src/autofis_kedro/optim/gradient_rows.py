"""A table's dense gradient that is cleared at the cost of the rows that a batch touched."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class GradientRows:
    """A dense gradient kept between steps, of which only touched rows are filled and cleared.

    The optimizer sees an ordinary ``table.grad``. Filling a new one for 600,000 ids of 40 would take 67 ms a step.
    """

    def __init__(self, table: nn.Parameter) -> None:
        self._table, self._buffer = table, torch.zeros_like(table)

    def add(self, ids_Z: Tensor, gradient_ZK: Tensor) -> None:
        """Add the gradients of reads to their rows."""
        self._buffer.index_add_(0, ids_Z, gradient_ZK)
        self._table.grad = self._buffer

    def clear(self, ids_Z: Tensor) -> None:
        """Back to zero where ``add`` was."""
        self._buffer.index_fill_(0, ids_Z.long(), 0.0)  # index_fill_ takes no int32
