"""The passes of ``normalised_sum`` over the interactions, compiled by numba.

Shapes: B rows, P interactions, T parts of the rows.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from numba import njit, prange
from torch import Tensor

from autofis_kedro.compiled.loops import FAST, PARTS, Array, arrays
from autofis_kedro.compiled.threads import use_torch_threads


def statistics(z_BP: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance over the rows: [P] each."""
    use_torch_threads()
    parts_TP = z_BP.new_zeros(PARTS, z_BP.shape[1])
    _sums(*arrays(z_BP, parts_TP))
    mean_P = parts_TP.sum(0) / len(z_BP)
    _squares(*arrays(z_BP, mean_P, parts_TP.zero_()))
    return mean_P, parts_TP.sum(0) / len(z_BP)


def affine(z_BP: Tensor, slope_P: Tensor, gradient_B: Tensor, scale_P: Tensor, shift_P: Tensor) -> Tensor:
    """``slope_p z_bp + scale_p g_b + shift_p``: [B, P]."""
    use_torch_threads()
    into_BP = z_BP.new_empty(z_BP.shape)
    _affine(*arrays(z_BP, slope_P, gradient_B, scale_P, shift_P, into_BP))
    return into_BP


@njit(parallel=True, cache=True, fastmath=FAST)
def _sums(z_BP: Array, sum_TP: Array) -> None:
    rows, parts = len(z_BP), len(sum_TP)
    for part in prange(parts):
        for b in range(rows * part // parts, rows * (part + 1) // parts):
            for p in range(z_BP.shape[1]):
                sum_TP[part, p] += z_BP[b, p]


@njit(parallel=True, cache=True, fastmath=FAST)
def _squares(z_BP: Array, mean_P: Array, sum_TP: Array) -> None:
    rows, parts = len(z_BP), len(sum_TP)
    for part in prange(parts):
        for b in range(rows * part // parts, rows * (part + 1) // parts):
            for p in range(z_BP.shape[1]):
                difference = z_BP[b, p] - mean_P[p]
                sum_TP[part, p] += difference * difference


@njit(parallel=True, cache=True, fastmath=FAST)
def _affine(z_BP: Array, slope_P: Array, gradient_B: Array, scale_P: Array, shift_P: Array, into_BP: Array) -> None:
    for b in prange(len(z_BP)):
        gradient = gradient_B[b]
        for p in range(z_BP.shape[1]):
            into_BP[b, p] = slope_P[p] * z_BP[b, p] + scale_P[p] * gradient + shift_P[p]
