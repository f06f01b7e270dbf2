"""Which of eight numbers are positive, as the bits of a byte: one comparison of a vector."""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from autofis_kedro.compiled.vectors import vector_at

NUMBERS = 8
"""Bits of a byte."""


def _positive_bits(_context: Any, array: Any, start: Any) -> Any:

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: list[Any]) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        kind = ir.VectorType(ir.FloatType(), NUMBERS)
        numbers = builder.load(vector_at(builder, data, arguments[1], kind), align=4)
        is_positive = builder.fcmp_ordered(">", numbers, ir.Constant(kind, None))
        return builder.bitcast(is_positive, ir.IntType(8))  # the first number is the lowest bit

    return types.uint8(array, types.int64), generate


positive_bits: Any = intrinsic(_positive_bits)
"""``positive_bits(array, start)``: bit u says whether number ``start + u`` of a contiguous float32 array is above 0."""
