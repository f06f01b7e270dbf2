"""Matrix products by the library that is faster on this processor, or in bfloat16.

torch multiplies float32 by MKL, which takes its AVX2 kernels on processors that are not Intel's: 210 GFLOP/s on two
Zen 5 cores. oneDNN, which torch has as well, takes AVX-512 there: 420 to 490.

Shapes: M rows, K inner size, N columns.
"""

from __future__ import annotations

import platform
from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor

from autofis_kedro.compiled import is_compiled, is_plain_torch, processor

Precision = Literal["float32", "bfloat16"]
FEWEST_MULTIPLICATIONS = 1 << 22
"""Below, the call costs more than the better kernel saves."""
NARROW = 32
"""Fewer columns are not worth the kernel's packing."""


def matmul(a_MK: Tensor, b_KN: Tensor, bias_N: Tensor | None = None, precision: Precision = "float32") -> Tensor:
    """``a @ b + bias`` with gradients: [M, N].

    Args:
        a_MK: float32, or bfloat16 with that precision.
        b_KN: float32.
        bias_N: float32.
        precision: ``bfloat16`` rounds the factors of this product and of its gradients, the bias, and their results to
            it; sums are in float32 on the CPU. What comes out is then bfloat16.
    """
    product = _Bfloat16Product if precision == "bfloat16" else _Product
    out_MN: Tensor = product.apply(a_MK, b_KN, bias_N)  # type: ignore[no-untyped-call]
    return out_MN


def fast_mm(a_MK: Tensor, b_KN: Tensor, bias_N: Tensor | None = None) -> Tensor:
    """``a @ b + bias`` without gradients: [M, N]."""
    if _is_for_onednn(a_MK, b_KN):
        # Its operation is x @ w.T. Of the two ways to say that, the one with the smaller stride-one operand is faster
        # where both are transposed views (the gradient of a matrix of weights).
        if bias_N is None and not a_MK.is_contiguous() and a_MK.shape[0] >= b_KN.shape[1]:
            return _linear(b_KN.T, a_MK, None).T
        return _linear(a_MK, b_KN.T, bias_N)
    return a_MK @ b_KN if bias_N is None else torch.addmm(bias_N, a_MK, b_KN)


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, a_MK: Tensor, b_KN: Tensor, bias_N: Tensor | None) -> Tensor:
        ctx.save_for_backward(a_MK, b_KN)
        return fast_mm(a_MK, b_KN, bias_N)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        a_MK, b_KN = ctx.saved_tensors
        (gradient_MN,) = gradients
        into_a, into_b, into_bias = ctx.needs_input_grad
        return (
            fast_mm(gradient_MN, b_KN.T) if into_a else None,
            fast_mm(a_MK.T, gradient_MN) if into_b else None,
            gradient_MN.sum(0) if into_bias else None,
        )


class _Bfloat16Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, a_MK: Tensor, b_KN: Tensor, bias_N: Tensor | None) -> Tensor:
        a, b = a_MK.bfloat16(), b_KN.bfloat16()
        ctx.save_for_backward(a, b)
        ctx.types = a_MK.dtype, b_KN.dtype
        return a @ b if bias_N is None else torch.addmm(bias_N.bfloat16(), a, b)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        a, b = ctx.saved_tensors
        (gradient,) = gradients
        into_a, into_b, into_bias = ctx.needs_input_grad
        return (
            (gradient @ b.T).to(ctx.types[0]) if into_a else None,
            (a.T @ gradient).to(ctx.types[1]) if into_b else None,
            gradient.sum(0, dtype=ctx.types[1]) if into_bias else None,
        )


def _is_for_onednn(a_MK: Tensor, b_KN: Tensor) -> bool:
    (rows, inner), columns = a_MK.shape, b_KN.shape[1]
    is_plain = a_MK.dtype == torch.float32 and a_MK.device.type == "cpu"
    is_large = min(rows, columns) > NARROW and rows * inner * columns >= FEWEST_MULTIPLICATIONS
    return is_plain and is_large and onednn_is_faster() and not is_plain_torch()


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    out: Tensor = torch.ops.mkldnn._linear_pointwise(_in_rows(x), weight, bias, "none", [], "")
    return out


def _in_rows(x: Tensor) -> Tensor:
    """oneDNN takes ``x`` row by row and has torch copy it if it is not; our copy takes a fifth of the time."""
    if x.is_contiguous() or not x.T.is_contiguous() or not is_compiled(x):
        return x
    from autofis_kedro.compiled.transpose import transposed  # importing numba takes half a second

    return transposed(x.T)


@cache
def onednn_is_faster() -> bool:
    """Whether oneDNN's float32 kernels beat MKL's here; said by the kind of processor, so that runs can be repeated."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return False
    has_operation = torch._C._has_mkldnn and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    return (
        has_operation
        and torch.backends.cpu.get_cpu_capability() == "AVX512"
        and processor.onednn_has_avx512()
        and not processor.is_by_intel()
    )
