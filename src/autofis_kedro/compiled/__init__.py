"""Who computes: loops compiled by numba and oneDNN's products, or plain torch.

``AUTOFIS_PLAIN_TORCH=1`` in the environment, or ``with plain_torch():``, leaves everything to plain torch, the
reference that the fast paths are held against.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch
from torch import Tensor

_is_plain = os.environ.get("AUTOFIS_PLAIN_TORCH", "") not in ("", "0")


def is_compiled(tensor: Tensor) -> bool:
    """Whether numba's loops serve for a tensor: float32 on the CPU, where there is numba."""
    is_fit = tensor.dtype == torch.float32 and tensor.device.type == "cpu"
    return is_fit and not _is_plain and _has_numba()


@cache
def _has_numba() -> bool:
    return importlib.util.find_spec("numba") is not None


def is_plain_torch() -> bool:
    """Whether everything is left to plain torch."""
    return _is_plain


def who_computes() -> str:
    """In a word: their results differ by rounding."""
    return "plain torch" if _is_plain else "compiled loops" if _has_numba() else "torch with oneDNN's products"


@contextmanager
def plain_torch() -> Iterator[None]:
    """Leave everything to plain torch while it lasts; in the whole process, so not for threads side by side."""
    global _is_plain
    before, _is_plain = _is_plain, True
    try:
        yield
    finally:
        _is_plain = before
