"""The precision in which an MLP can be trained here."""

from __future__ import annotations

import logging
from functools import cache

import torch

from autofis_kedro.compiled import processor
from autofis_kedro.models.matmul import Precision

logger = logging.getLogger(__name__)


def usable_precision(asked: Precision, device: torch.device) -> Precision:
    """What was asked for, or float32, with one warning, where the device has no instructions for bfloat16.

    Args:
        asked: ``training.mlp_precision``.
        device: where the model is trained.
    """
    if asked == "float32" or _has_bfloat16(device):
        return asked
    _warn(torch.cuda.get_device_name(device) if device.type == "cuda" else processor.described())
    return "float32"


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type != "cpu" or processor.has_bfloat16()


@cache
def _warn(device: str) -> None:
    """Once: every seed and every model of a run would say the same."""
    logger.warning(
        "training.mlp_precision is bfloat16, and %s has no instructions for its products, which would take 5 to 40 "
        "times as long as float32's: MLPs are trained in float32.",
        device,
    )
