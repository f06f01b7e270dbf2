"""A batch's own statistics, compiled by numba: what batch norm of interactions and of hidden units begins with.

Shapes: B rows, U units, T parts of the rows.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from collections.abc import Sequence

import torch
from numba import njit, prange
from torch import Tensor

from autofis_kedro.compiled.loops import PARTS, ZERO, Array, arrays
from autofis_kedro.compiled.threads import use_torch_threads
from autofis_kedro.compiled.vectors import Numbers, add_row, over_rows


def statistics(z_BU: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance over the rows, float32 or bfloat16: [U] each, float32."""
    use_torch_threads()
    parts_TU = torch.zeros(PARTS, z_BU.shape[1])
    _sums(*arrays(z_BU, parts_TU))
    mean_U = parts_TU.sum(0) / len(z_BU)
    _squares(*arrays(z_BU, mean_U, parts_TU.zero_()))
    return mean_U, parts_TU.sum(0) / len(z_BU)


@over_rows
def _add_square(rows: Sequence[Numbers], _: Sequence[Numbers]) -> tuple[Numbers, ...]:
    total, z, mean = rows
    difference = z - mean
    return (total + difference * difference,)


@njit(parallel=True, cache=True)
def _sums(z_BU: Array, sum_TU: Array) -> None:
    (rows, units), parts = z_BU.shape, len(sum_TU)
    for part in prange(parts):
        for b in range(rows * part // parts, rows * (part + 1) // parts):
            add_row(units, (sum_TU, z_BU), (part * units, b * units), (ZERO,))


@njit(parallel=True, cache=True)
def _squares(z_BU: Array, mean_U: Array, sum_TU: Array) -> None:
    (rows, units), parts = z_BU.shape, len(sum_TU)
    for part in prange(parts):
        for b in range(rows * part // parts, rows * (part + 1) // parts):
            _add_square(units, (sum_TU, z_BU, mean_U), (part * units, b * units, 0), (ZERO,))
