"""The last pass of ``normalised_sum`` over the interactions, compiled by numba.

Shapes: B rows, P interactions.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from numba import njit, prange
from torch import Tensor

from autofis_kedro.compiled.loops import FAST, Array, arrays
from autofis_kedro.compiled.threads import use_torch_threads


def affine(z_BP: Tensor, slope_P: Tensor, gradient_B: Tensor, scale_P: Tensor, shift_P: Tensor) -> Tensor:
    """``slope_p z_bp + scale_p g_b + shift_p``: [B, P]."""
    use_torch_threads()
    into_BP = z_BP.new_empty(z_BP.shape)
    _affine(*arrays(z_BP, slope_P, gradient_B, scale_P, shift_P, into_BP))
    return into_BP


@njit(parallel=True, cache=True, fastmath=FAST)
def _affine(z_BP: Array, slope_P: Array, gradient_B: Array, scale_P: Array, shift_P: Array, into_BP: Array) -> None:
    for b in prange(len(z_BP)):
        gradient = gradient_B[b]
        for p in range(z_BP.shape[1]):
            into_BP[b, p] = slope_P[p] * z_BP[b, p] + scale_P[p] * gradient + shift_P[p]
