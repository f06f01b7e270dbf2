"""Batch norm, scale, bias and relu of a hidden layer as one operation.

Apart they pass over the hidden units seven times forward and fifteen times backward; here four and five times.

Shapes: B rows, U units.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from autofis_kedro.models.normalised_sum import Statistics


def normalised_relu(z_BU: Tensor, scale_U: Tensor, bias_U: Tensor, eps: float) -> tuple[Tensor, Statistics]:
    """``relu(scale (z - mean) / sqrt(variance + eps) + bias)``: [B, U]; compiled, on the CPU.

    Args:
        z_BU: float32 or bfloat16; the activations have its type, and all that is summed is float32.
        scale_U: float32.
        bias_U: float32.
        eps: added to the variance.

    Returns:
        The activations, and the batch's mean and (biased) variance [U] without gradients.
    """
    out_BU, mean_U, variance_U = _NormalisedRelu.apply(z_BU, scale_U, bias_U, eps)  # type: ignore[no-untyped-call]
    return out_BU, (mean_U, variance_U)


class _NormalisedRelu(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, z_BU: Tensor, scale_U: Tensor, bias_U: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
        from autofis_kedro.models import batch_statistics_numba, normalised_relu_numba  # importing numba takes long

        mean_U, variance_U = batch_statistics_numba.statistics(z_BU)
        inverse_U = (variance_U + eps).rsqrt()
        ctx.save_for_backward(z_BU, mean_U, inverse_U, scale_U, bias_U)
        ctx.mark_non_differentiable(mean_U, variance_U)
        slope_U = scale_U * inverse_U
        return normalised_relu_numba.forward(z_BU, slope_U, bias_U - slope_U * mean_U), mean_U, variance_U

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor | None, Tensor, None]:
        from autofis_kedro.models import normalised_relu_numba

        z_BU, *parts = ctx.saved_tensors
        into_z_BU, into_scale_U, into_bias_U = normalised_relu_numba.backward(z_BU, gradients[0], *parts)
        return into_z_BU, into_scale_U if ctx.needs_input_grad[1] else None, into_bias_U, None
