"""The vectors of some fields.

Shapes: B rows, F fields, K embedding size, R of the fields.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class SomeFields(nn.Module):
    """Positions of fields, ascending; a module, so that they are on the model's device before they are needed.

    Attributes:
        fields_R: the positions.
    """

    fields_R: Tensor

    def __init__(self, fields: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("fields_R", torch.tensor(fields), persistent=False)
        self._neighbours = slice(fields[0], fields[-1] + 1) if fields[-1] - fields[0] + 1 == len(fields) else None

    def __len__(self) -> int:
        return len(self.fields_R)

    def select(self, e_BFK: Tensor) -> Tensor:
        """Their vectors: [B, R, K]; a view where they lie side by side."""
        return e_BFK[:, self._neighbours] if self._neighbours else e_BFK.index_select(1, self.fields_R)

    def add_to(self, e_BFK: Tensor, added_BRK: Tensor) -> None:
        """Add numbers to their vectors."""
        if self._neighbours:
            e_BFK[:, self._neighbours] += added_BRK
        else:
            e_BFK.index_add_(1, self.fields_R, added_BRK)
