"""bfloat16 numbers inside a compiled loop: the upper half of a float32.

numpy has no such type: a compiled loop sees a tensor of them as int16.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

from typing import Any

from llvmlite import ir

UPPER = 16
"""Bits by which a float32 has more."""
NAN = 0x7FC0


def widened(builder: ir.IRBuilder, halves: Any) -> Any:
    """float32 numbers out of int16, one or a vector."""
    bits = builder.zext(halves, _like(halves.type, ir.IntType(32)))
    return builder.bitcast(builder.shl(bits, _constant(bits.type, UPPER)), _like(halves.type, ir.FloatType()))


def narrowed(builder: ir.IRBuilder, numbers: Any) -> Any:
    """The nearest bfloat16 as int16, of two as near the even one; NaN stays NaN."""
    bits = builder.bitcast(numbers, _like(numbers.type, ir.IntType(32)))
    kept = builder.lshr(bits, _constant(bits.type, UPPER))
    odd = builder.and_(kept, _constant(bits.type, 1))
    below_half = builder.add(odd, _constant(bits.type, (1 << (UPPER - 1)) - 1))
    rounded = builder.lshr(builder.add(bits, below_half), _constant(bits.type, UPPER))
    is_nan = builder.fcmp_unordered("uno", numbers, numbers)
    rounded = builder.select(is_nan, _constant(bits.type, NAN), rounded)
    return builder.trunc(rounded, _like(numbers.type, ir.IntType(16)))


def _like(kind: ir.Type, number: ir.Type) -> ir.Type:
    return ir.VectorType(number, kind.count) if isinstance(kind, ir.VectorType) else number


def _constant(kind: ir.Type, value: int) -> Any:
    return ir.Constant(kind, [value] * kind.count if isinstance(kind, ir.VectorType) else value)
