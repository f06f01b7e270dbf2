"""The passes of ``normalised_relu`` over the hidden units, compiled by numba.

Hidden units and their gradients are float32 or bfloat16; sums, statistics and parameters are float32.

Shapes: B rows, U units, T parts of the rows.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from collections.abc import Sequence

from numba import njit, prange
from torch import Tensor

from autofis_kedro.compiled.loops import PARTS, ZERO, Array, arrays
from autofis_kedro.compiled.threads import use_torch_threads
from autofis_kedro.compiled.vectors import Numbers, over_rows


def forward(z_BU: Tensor, slope_U: Tensor, shift_U: Tensor) -> Tensor:
    """``relu(slope z + shift)``: [B, U], of the type of z."""
    use_torch_threads()
    out_BU = z_BU.new_empty(z_BU.shape)
    _forward(*arrays(z_BU, slope_U, shift_U, out_BU))
    return out_BU


def backward(
    z_BU: Tensor, gradient_BU: Tensor, mean_U: Tensor, inverse_U: Tensor, scale_U: Tensor, bias_U: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of z [B, U], of its type, and of scale and bias [U], float32."""
    use_torch_threads()
    slope_U = scale_U * inverse_U
    line = slope_U, bias_U - slope_U * mean_U
    sums_TU, products_TU = slope_U.new_zeros(2, PARTS, z_BU.shape[1])
    _gradient_sums(*arrays(z_BU, gradient_BU, *line, mean_U, inverse_U, sums_TU, products_TU))
    into_bias_U, into_scale_U = sums_TU.sum(0), products_TU.sum(0)
    # batch norm's backward pass: the gradient less its mean and less its share along the normalised values
    along_U = -slope_U * inverse_U * into_scale_U / len(z_BU)
    constant_U = -slope_U * into_bias_U / len(z_BU) - along_U * mean_U
    into_z_BU = z_BU.new_empty(z_BU.shape)
    _gradient(*arrays(z_BU, gradient_BU, *line, along_U, constant_U, into_z_BU))
    return into_z_BU, into_scale_U, into_bias_U


@over_rows
def _put_relu(rows: Sequence[Numbers], _: Sequence[Numbers]) -> tuple[Numbers, ...]:
    _out, z, slope, shift = rows
    before = slope * z + shift
    return (before.where_positive(before),)


@over_rows
def _add_gradients(rows: Sequence[Numbers], _: Sequence[Numbers]) -> tuple[Numbers, ...]:
    total, product, z, gradient, slope, shift, mean, inverse = rows
    active = gradient.where_positive(slope * z + shift)
    return total + active, product + active * (z - mean) * inverse


@over_rows
def _put_gradient(rows: Sequence[Numbers], _: Sequence[Numbers]) -> tuple[Numbers, ...]:
    _into, z, gradient, slope, shift, along, constant = rows
    return (slope * gradient.where_positive(slope * z + shift) + along * z + constant,)


@njit(parallel=True, cache=True)
def _forward(z_BU: Array, slope_U: Array, shift_U: Array, out_BU: Array) -> None:
    rows, units = z_BU.shape
    for b in prange(rows):
        _put_relu(units, (out_BU, z_BU, slope_U, shift_U), (b * units, b * units, 0, 0), (ZERO,))


@njit(parallel=True, cache=True)
def _gradient_sums(
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
    (rows, units), parts = z_BU.shape, len(sum_TU)
    for part in prange(parts):
        for b in range(rows * part // parts, rows * (part + 1) // parts):
            here = (sum_TU, product_TU, z_BU, gradient_BU, slope_U, shift_U, mean_U, inverse_U)
            starts = (part * units, part * units, b * units, b * units, 0, 0, 0, 0)
            _add_gradients(units, here, starts, (ZERO,))


@njit(parallel=True, cache=True)
def _gradient(
    z_BU: Array,
    gradient_BU: Array,
    slope_U: Array,
    shift_U: Array,
    along_U: Array,
    constant_U: Array,
    into_BU: Array,
) -> None:
    rows, units = z_BU.shape
    for b in prange(rows):
        here = (into_BU, z_BU, gradient_BU, slope_U, shift_U, along_U, constant_U)
        _put_gradient(units, here, (b * units, b * units, b * units, 0, 0, 0, 0), (ZERO,))
