"""Memory that is filled anew at every step."""

from __future__ import annotations

import torch
from torch import Tensor


class Room:
    """Memory for what is used up before more is asked for: a gradient handed over, or what one loop leaves another.

    The C library gives buffers of more than 32 MiB back to the system: mapping 76 MB anew took half of a step of FFM,
    38 MB a quarter of one of the search with a batch of 10,000.
    """

    def __init__(self) -> None:
        self._held = torch.empty(0)

    def of_shape(self, rows: int, width: int) -> Tensor:
        """Whatever numbers it last held: [rows, width]."""
        if len(self._held) < rows * width:
            self._held = torch.empty(rows * width)
        return self._held[: rows * width].view(rows, width)
