"""What the loops that numba compiles have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[Any]
ZERO = np.float32(0)
FAST = {"reassoc", "contract", "nsz", "arcp"}
"""Liberties with arithmetic: sums in any order, but not "nnan", for a diverged training must show as NaN."""
PARTS = 16
"""Of a batch, each summed on its own: results do not depend on the number of threads.

numba compiles a loop anew when the loop's own file changes, not this one: a loop that fills memory by parts takes their
number from that memory.
"""


def padded(size: int, to: int) -> int:
    """The least multiple that holds ``size``."""
    return -(-size // to) * to


def arrays(*tensors: Tensor) -> list[Array]:
    """Tensors as a loop takes them: contiguous, sharing memory where they are so already; bfloat16 as int16."""
    return [_numbers(tensor.detach() if tensor.requires_grad else tensor) for tensor in tensors]


def _numbers(tensor: Tensor) -> Array:
    tensor = tensor.contiguous()
    return (tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor).numpy()
