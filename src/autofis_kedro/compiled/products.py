"""A small matrix product inside a compiled loop, in vector registers.

For products that are made and used up while they are in the nearest cache, many at once and each on one thread, where a
call of a library for each would cost as much as the product.

Shapes: X rows, F inner size, S columns.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from autofis_kedro.compiled.processor import compiles_avx512
from autofis_kedro.compiled.vectors import splat

_HAS_AVX512 = compiles_avx512()
ROWS = 8 if _HAS_AVX512 else 4
"""Rows of a tile, summed at the same time so that one's addition need not wait for another's."""
COLUMNS = ((16, 3), (16, 2), (16, 1), (8, 1), (4, 1), (1, 1)) if _HAS_AVX512 else ((8, 2), (8, 1), (4, 1), (1, 1))
"""Widths of a tile: numbers in a vector, and vectors. Each takes what the ones before leave. Sums, a row of ``e`` and a
factor fill the registers: 32 of 16 numbers, or 16 of 8."""
FLOAT = 4
"""Bytes."""


class Matrix(NamedTuple):
    """Where a float32 array is, its shape, and bytes between rows and between columns."""

    data: Any
    shape: list[Any]
    strides: list[Any]


def _multiply(_context: Any, a_XF: Any, e_FS: Any, into_XS: Any) -> Any:
    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: list[Any]) -> Any:
        a, e, into = (
            _matrix(context, builder, kind, value) for kind, value in zip(signature.args, arguments, strict=True)
        )
        zero = ir.Constant(a.shape[0].type, 0)
        column = zero
        for lanes, vectors in COLUMNS:  # columns outside: a tile of e stays in the nearest cache for all rows
            end = _end_of_whole(builder, column, e.shape[1], lanes * vectors)
            with _steps(builder, column, end, lanes * vectors) as s:
                row = zero
                for rows in (ROWS, 1):
                    stop = _end_of_whole(builder, row, a.shape[0], rows)
                    with _steps(builder, row, stop, rows) as x:
                        _tile(builder, (a, e, into), (x, s), (rows, lanes, vectors))
                    row = stop
            column = end
        return context.get_dummy_value()

    return types.none(a_XF, e_FS, into_XS), generate


multiply: Any = intrinsic(_multiply)
"""``multiply(a_XF, e_FS, into_XS)``: ``into = a @ e`` of float32 arrays.

``a`` may lie in memory as it likes; the numbers of a row of ``e`` and of ``into`` must lie side by side.
"""


def _tile(builder: ir.IRBuilder, matrices: Any, place: Any, size: tuple[int, int, int]) -> None:
    """Some rows and columns of the product, held in registers while the inner size passes by."""
    a, e, into = matrices
    (x, s), (rows, lanes, vectors) = place, size
    kind = ir.VectorType(ir.FloatType(), lanes) if lanes > 1 else ir.FloatType()
    nothing = ir.Constant(kind, [0.0] * lanes if lanes > 1 else 0.0)
    fused = _fused_multiply_add(builder, kind)
    columns = [builder.add(s, ir.Constant(s.type, lanes * vector)) for vector in range(vectors)]
    lines = [builder.add(x, ir.Constant(x.type, row)) for row in range(rows)]
    sums = [[cgutils.alloca_once_value(builder, nothing) for _ in columns] for _ in lines]
    for total in (total for line in sums for total in line):
        builder.store(nothing, total)
    with cgutils.for_range(builder, a.shape[1]) as loop:
        given = [builder.load(_at(builder, e, loop.index, column, kind), align=FLOAT) for column in columns]
        for line, totals in zip(lines, sums, strict=True):
            number = builder.load(_at(builder, a, line, loop.index, ir.FloatType()), align=FLOAT)
            factor = splat(builder, number, kind)
            for numbers, total in zip(given, totals, strict=True):
                builder.store(builder.call(fused, [factor, numbers, builder.load(total)]), total)
    for line, totals in zip(lines, sums, strict=True):
        for column, total in zip(columns, totals, strict=True):
            builder.store(builder.load(total), _at(builder, into, line, column, kind), align=FLOAT)


def _matrix(context: Any, builder: ir.IRBuilder, kind: Any, value: Any) -> Matrix:
    array = context.make_array(kind)(context, builder, value)
    return Matrix(
        array.data, cgutils.unpack_tuple(builder, array.shape, 2), cgutils.unpack_tuple(builder, array.strides, 2)
    )


def _at(builder: ir.IRBuilder, matrix: Matrix, row: Any, column: Any, kind: ir.Type) -> Any:
    """Where the numbers from a place on lie."""
    offset = builder.add(builder.mul(row, matrix.strides[0]), builder.mul(column, matrix.strides[1]))
    start = builder.bitcast(matrix.data, ir.IntType(8).as_pointer())
    return builder.bitcast(builder.gep(start, [offset]), kind.as_pointer())


def _fused_multiply_add(builder: ir.IRBuilder, kind: ir.Type) -> Any:
    name = f"v{kind.count}f32" if isinstance(kind, ir.VectorType) else "f32"
    return cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind] * 3), f"llvm.fmuladd.{name}")


def _end_of_whole(builder: ir.IRBuilder, start: Any, end: Any, step: int) -> Any:
    """Where the last whole step from ``start`` ends."""
    length = builder.sub(end, start)
    return builder.sub(end, builder.srem(length, ir.Constant(length.type, step)))


@contextmanager
def _steps(builder: ir.IRBuilder, start: Any, end: Any, step: int) -> Iterator[Any]:
    with cgutils.for_range_slice(builder, start, end, ir.Constant(start.type, step)) as (place, _):
        yield place
