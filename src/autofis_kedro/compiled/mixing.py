"""A small matrix product inside a compiled loop: some rows of a table, mixed by weights, in vector registers.

numba leaves the inner loop over 40 numbers to LLVM, which checks at every entry whether arrays overlap and does what
is left over number by number; written as vectors it takes a third of the time.

Shapes: X mixtures (a multiple of ``MIXTURES``), F rows, S numbers of a row (a multiple of ``LANES``).
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from autofis_kedro.compiled.vectors import splat, vector_at

LANES = 16
"""Numbers in a vector: 64 bytes."""
MIXTURES = 8
"""Mixtures that are summed at the same time, so that one's addition need not wait for another's."""

_VECTOR = ir.VectorType(ir.FloatType(), LANES)


@njit(inline="always")
def padded(size: int, to: int) -> int:
    """The least multiple that holds ``size``."""
    return -(-size // to) * to


def _mix(_context: Any, weight_XF: Any, e_FS: Any, into_XS: Any) -> Any:

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: list[Any]) -> Any:
        weight, e, into = (
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(signature.args, arguments, strict=True)
        )
        kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        add = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.v{LANES}f32")
        n_mixtures, n_rows = cgutils.unpack_tuple(builder, weight.shape, 2)
        width = cgutils.unpack_tuple(builder, e.shape, 2)[1]
        step = [ir.Constant(width.type, number) for number in (MIXTURES, LANES)]
        with (
            cgutils.for_range_slice(builder, ir.Constant(width.type, 0), n_mixtures, step[0]) as (x, _),
            cgutils.for_range_slice(builder, ir.Constant(width.type, 0), width, step[1]) as (s, _),
        ):
            sums = [cgutils.alloca_once_value(builder, ir.Constant(_VECTOR, None)) for _ in range(MIXTURES)]
            for total in sums:
                builder.store(ir.Constant(_VECTOR, [0.0] * LANES), total)
            with cgutils.for_range(builder, n_rows) as loop:
                row = vector_at(builder, e.data, builder.add(builder.mul(loop.index, width), s), _VECTOR)
                numbers = builder.load(row, align=4)
                for number, total in enumerate(sums):
                    mixture = builder.add(x, ir.Constant(x.type, number))
                    place = builder.add(builder.mul(mixture, n_rows), loop.index)
                    weight_here = splat(builder, builder.load(builder.gep(weight.data, [place])), _VECTOR)
                    builder.store(builder.call(add, [weight_here, numbers, builder.load(total)]), total)
            for number, total in enumerate(sums):
                mixture = builder.add(x, ir.Constant(x.type, number))
                target = vector_at(builder, into.data, builder.add(builder.mul(mixture, width), s), _VECTOR)
                builder.store(builder.load(total), target, align=4)
        return context.get_dummy_value()

    return types.none(weight_XF, e_FS, into_XS), generate


mix: Any = intrinsic(_mix)
"""``mix(weight_XF, e_FS, into_XS)``: ``into_xs = sum_f weight_xf e_fs`` of contiguous float32 arrays."""
