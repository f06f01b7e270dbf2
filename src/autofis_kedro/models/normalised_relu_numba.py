"""The passes of ``normalised_relu`` over the hidden units, compiled by numba.

Shapes: B rows, U units, T parts of the rows.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from numba import njit, prange
from torch import Tensor

from autofis_kedro.compiled.loops import FAST, PARTS, ZERO, Array, arrays
from autofis_kedro.compiled.threads import use_torch_threads


def forward(z_BU: Tensor, slope_U: Tensor, shift_U: Tensor) -> Tensor:
    """``relu(slope z + shift)``: [B, U]."""
    use_torch_threads()
    out_BU = z_BU.new_empty(z_BU.shape)
    _forward(*arrays(z_BU, slope_U, shift_U, out_BU))
    return out_BU


def backward(
    z_BU: Tensor, gradient_BU: Tensor, mean_U: Tensor, inverse_U: Tensor, scale_U: Tensor, bias_U: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of z [B, U], scale [U] and bias [U]."""
    use_torch_threads()
    slope_U = scale_U * inverse_U
    line = slope_U, bias_U - slope_U * mean_U
    sums_TU, products_TU = z_BU.new_zeros(2, PARTS, z_BU.shape[1])
    _sums(*arrays(z_BU, gradient_BU, *line, mean_U, inverse_U, sums_TU, products_TU))
    into_bias_U, into_scale_U = sums_TU.sum(0), products_TU.sum(0)
    # batch norm's backward pass: the gradient less its mean and less its share along the normalised values
    along_U = -slope_U * inverse_U * into_scale_U / len(z_BU)
    constant_U = -slope_U * into_bias_U / len(z_BU) - along_U * mean_U
    into_z_BU = z_BU.new_empty(z_BU.shape)
    _gradient(*arrays(z_BU, gradient_BU, *line, along_U, constant_U, into_z_BU))
    return into_z_BU, into_scale_U, into_bias_U


@njit(parallel=True, cache=True, fastmath=FAST)
def _forward(z_BU: Array, slope_U: Array, shift_U: Array, out_BU: Array) -> None:
    for b in prange(len(z_BU)):
        for u in range(z_BU.shape[1]):
            before = slope_U[u] * z_BU[b, u] + shift_U[u]
            out_BU[b, u] = ZERO if before < ZERO else before  # this way round NaN stays


@njit(parallel=True, cache=True, fastmath=FAST)
def _sums(
    z_BU: Array,
    gradient_BU: Array,
    slope_U: Array,
    shift_U: Array,
    mean_U: Array,
    inverse_U: Array,
    sum_TU: Array,
    product_TU: Array,
) -> None:
    """Of the gradients of active units, and of these times the normalised values."""
    rows, parts = len(z_BU), len(sum_TU)
    for part in prange(parts):
        for b in range(rows * part // parts, rows * (part + 1) // parts):
            for u in range(z_BU.shape[1]):
                z = z_BU[b, u]
                gradient = ZERO if slope_U[u] * z + shift_U[u] <= ZERO else gradient_BU[b, u]
                sum_TU[part, u] += gradient
                product_TU[part, u] += gradient * (z - mean_U[u]) * inverse_U[u]


@njit(parallel=True, cache=True, fastmath=FAST)
def _gradient(
    z_BU: Array,
    gradient_BU: Array,
    slope_U: Array,
    shift_U: Array,
    along_U: Array,
    constant_U: Array,
    into_BU: Array,
) -> None:
    for b in prange(len(z_BU)):
        for u in range(z_BU.shape[1]):
            z = z_BU[b, u]
            gradient = ZERO if slope_U[u] * z + shift_U[u] <= ZERO else gradient_BU[b, u]
            into_BU[b, u] = slope_U[u] * gradient + along_U[u] * z + constant_U[u]
