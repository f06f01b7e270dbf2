"""The reads of a batch, grouped by table row."""

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
