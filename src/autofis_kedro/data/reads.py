"""The reads of a batch, grouped by table row, and their gradient.

Shapes: Z reads, U different rows among them, K width of the table.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Reads:
    """Which rows a batch reads, and where.

    Attributes:
        rows_U: each row once, int32.
        order_Z: places of the reads in ``Batch.ids_Z``, those of one row together, in their own order.
        starts_U: where each row's reads begin in ``order_Z``, with its end: [U + 1].
    """

    rows_U: Tensor
    order_Z: Tensor
    starts_U: Tensor


@dataclass(frozen=True)
class RowGradient:
    """The gradient of the rows that a batch reads: the sum of both parts. Whoever takes it may overwrite it.

    Attributes:
        of_reads_ZK: of each read, in the order of ``Batch.ids_Z``, to be added up by row; or None.
        of_rows_UK: of each row, in the order of ``Reads.rows_U``; or None.
    """

    of_reads_ZK: Tensor | None = None
    of_rows_UK: Tensor | None = None
