"""Formulas over rows of numbers, in vector registers.

numba leaves a loop over the numbers of a row to LLVM, which checks at every entry whether the rows overlap and does
what is left over a vector number by number: of a row of 40 an eighth to a half of the time. Here both are known.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

from autofis_kedro.compiled.bfloat16 import narrowed, widened

LANES = 8
"""Numbers in a vector: embedding sizes are multiples of eight more often than of sixteen."""
FUSED = ("contract",)
"""A product and its addition may be one instruction; nothing is reordered, so that results are bit-identical."""


class Numbers:
    """One number of each row, or ``LANES`` at once: a value of the loop that is being compiled."""

    def __init__(self, builder: ir.IRBuilder, value: Any) -> None:
        self._builder, self.value = builder, value

    def __add__(self, other: Numbers) -> Numbers:
        return self._of(self._builder.fadd(self.value, other.value, flags=FUSED))

    def __sub__(self, other: Numbers) -> Numbers:
        return self._of(self._builder.fsub(self.value, other.value, flags=FUSED))

    def __mul__(self, other: Numbers) -> Numbers:
        return self._of(self._builder.fmul(self.value, other.value, flags=FUSED))

    def __truediv__(self, other: Numbers) -> Numbers:
        return self._of(self._builder.fdiv(self.value, other.value))

    def sqrt(self) -> Numbers:
        """Square root."""
        kind = self.value.type
        suffix = f"v{kind.count}f32" if isinstance(kind, ir.VectorType) else "f32"
        function_type = ir.FunctionType(kind, [kind])
        function = cgutils.get_or_insert_function(self._builder.module, function_type, f"llvm.sqrt.{suffix}")
        return self._of(self._builder.call(function, [self.value]))

    def where_positive(self, other: Numbers) -> Numbers:
        """These where the other is above 0 or not a number, 0 where it is 0 or less."""
        zero = ir.Constant(self.value.type, None)
        is_not = self._builder.fcmp_ordered("<=", other.value, zero)
        return self._of(self._builder.select(is_not, zero, self.value))

    def _of(self, value: Any) -> Numbers:
        return Numbers(self._builder, value)


Formula = Callable[[Sequence[Numbers], Sequence[Numbers]], Sequence[Numbers]]
"""From a number of each row, and the numbers that the whole row shares, to the new numbers of the first rows."""


def over_rows(formula: Formula) -> Any:
    """A function for compiled loops: ``f(size, arrays, starts, shared)``.

    Args:
        formula: what is done to the numbers at each of ``size`` places of the rows; its results go to the first of
            them. The rows, at ``starts`` in contiguous ``arrays``, must not overlap. Arrays are float32, or int16 for
            bfloat16 numbers, which are float32 within the formula; ``shared``: float32.
    """

    @intrinsic
    def apply(_context: Any, size: Any, arrays: Any, starts: Any, shared: Any) -> Any:
        if any(array.dtype not in (types.float32, types.int16) for array in arrays):
            raise TypingError(f"formulas over rows take float32 and int16 (bfloat16): found {arrays}")

        def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: list[Any]) -> Any:
            kinds = signature.args
            data = [
                context.make_array(kind)(context, builder, value).data
                for kind, value in zip(kinds[1], cgutils.unpack_tuple(builder, arguments[1]), strict=True)
            ]
            rows = [
                builder.gep(array, [start])
                for array, start in zip(data, cgutils.unpack_tuple(builder, arguments[2]), strict=True)
            ]
            is_half = [kind.dtype == types.int16 for kind in kinds[1]]
            _loops(builder, formula, arguments[0], (rows, is_half), cgutils.unpack_tuple(builder, arguments[3]))
            return context.get_dummy_value()

        places = types.UniTuple(types.int64, len(starts))
        return types.none(types.int64, arrays, places, types.UniTuple(types.float32, len(shared))), generate

    return apply


def _loops(
    builder: ir.IRBuilder, formula: Formula, size: Any, places: tuple[list[Any], list[bool]], shared: list[Any]
) -> None:
    """Whole vectors, then what is left number by number.

    Args:
        places: where the rows begin, and which of them are bfloat16.
    """
    rows, is_half = places
    lanes = ir.Constant(size.type, LANES)
    whole = builder.sub(size, builder.srem(size, lanes))
    vector, zero, one = ir.VectorType(ir.FloatType(), LANES), ir.Constant(size.type, 0), ir.Constant(size.type, 1)
    for kind, start, stop, step in ((vector, zero, whole, lanes), (ir.FloatType(), whole, size, one)):
        given = [Numbers(builder, splat(builder, number, kind)) for number in shared]
        with cgutils.for_range_slice(builder, start, stop, step) as (place, _):
            found = [
                Numbers(builder, _load(builder, row, place, kind, half))
                for row, half in zip(rows, is_half, strict=True)
            ]
            for result, row, half in zip(formula(found, given), rows, is_half, strict=False):
                _store(builder, result.value, row, place, half)


def _load(builder: ir.IRBuilder, row: Any, place: Any, kind: ir.Type, is_half: bool) -> Any:
    if not is_half:
        return builder.load(vector_at(builder, row, place, kind), align=4)
    return widened(builder, builder.load(vector_at(builder, row, place, _halves(kind)), align=2))


def _store(builder: ir.IRBuilder, numbers: Any, row: Any, place: Any, is_half: bool) -> None:
    if is_half:
        pointer = vector_at(builder, row, place, _halves(numbers.type))
        builder.store(narrowed(builder, numbers), pointer, align=2)
    else:
        builder.store(numbers, vector_at(builder, row, place, numbers.type), align=4)


def _halves(kind: ir.Type) -> ir.Type:
    return ir.VectorType(ir.IntType(16), kind.count) if isinstance(kind, ir.VectorType) else ir.IntType(16)


def vector_at(builder: ir.IRBuilder, data: Any, place: Any, kind: ir.Type) -> Any:
    """Where the numbers from ``place`` on lie."""
    return builder.bitcast(builder.gep(data, [place]), kind.as_pointer())


def splat(builder: ir.IRBuilder, number: Any, kind: ir.Type) -> Any:
    """The same number everywhere in a vector."""
    if not isinstance(kind, ir.VectorType):
        return number
    index = ir.IntType(32)
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), number, ir.Constant(index, 0))
    mask = ir.Constant(ir.VectorType(index, kind.count), [0] * kind.count)
    return builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), mask)


copy_row = over_rows(lambda rows, _: (rows[1],))
"""The second row into the first."""
add_row = over_rows(lambda rows, _: (rows[0] + rows[1],))
"""The second row to the first."""
add_four_rows = over_rows(lambda rows, _: (rows[0] + ((rows[1] + rows[2]) + (rows[3] + rows[4])),))
"""Four rows to the first, which is read and written once for all."""
