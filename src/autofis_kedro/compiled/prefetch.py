"""Asking for memory before it is needed, from loops that numba compiles.

Rows of a large table that a batch reads lie far apart: each costs a wait for memory, unless it was asked for some rows
earlier. Bringing 9,400 rows of three times 40 numbers up to date takes 0.31 ms instead of 0.55.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

CACHE_LINE = 64
"""Bytes."""
AHEAD = 8
"""Rows of a table between asking and using, where each is used once."""


def _intrinsic(is_for_writing: bool) -> Any:
    """Ask for the cache line that holds byte ``offset`` of a contiguous array."""

    @intrinsic  # type: ignore[misc]
    def prefetch(_context: Any, array: Any, offset: Any) -> Any:
        return types.void(array, types.int64), _code(is_for_writing)

    return prefetch


def _code(is_for_writing: bool) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        address = builder.gep(builder.bitcast(data, byte), [arguments[1]])
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [address, *(ir.Constant(number, value) for value in (int(is_for_writing), 3, 1))])
        return context.get_dummy_value()

    return generate


_for_writing, _for_reading = _intrinsic(True), _intrinsic(False)


@njit(inline="always")
def prefetch_row(array: NDArray[Any], row: Any) -> None:
    """Ask for a row of a contiguous array, to change it: no other core keeps it."""
    size = array.strides[0]  # no division, which a compiler leaves inside of some loops
    for offset in range(row * size, row * size + size, CACHE_LINE):
        _for_writing(array, offset)


@njit(inline="always")
def prefetch_read(array: NDArray[Any], row: Any) -> None:
    """Ask for a row of a contiguous array, to read it: all cores may have it."""
    size = array.strides[0]  # no division, which a compiler leaves inside of some loops
    for offset in range(row * size, row * size + size, CACHE_LINE):
        _for_reading(array, offset)
