"""Inner products of pairs of rows inside a compiled loop, some pairs at once in vector registers.

One product alone spends more time on adding up the numbers of its last vector than on its multiplications; of eight,
these sums are made together, by halves.

Shapes: F rows, S numbers of a row (a multiple of ``LANES``), P pairs.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from autofis_kedro.compiled.loops import ZERO, Array
from autofis_kedro.compiled.vectors import FUSED, vector_at

LANES = 16
"""Numbers in a vector: 64 bytes."""
PAIRS = 8
"""Products that are made at once."""

_VECTOR = ir.VectorType(ir.FloatType(), LANES)


def _eight_dots(_context: Any, e_FS: Any, first_P: Any, second_P: Any, p: Any, into_P: Any) -> Any:

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: list[Any]) -> Any:
        e, first, second, into = (
            context.make_array(signature.args[place])(context, builder, arguments[place]) for place in (0, 1, 2, 4)
        )
        width = cgutils.unpack_tuple(builder, e.shape, 2)[1]
        sums = [cgutils.alloca_once_value(builder, ir.Constant(_VECTOR, None)) for _ in range(PAIRS)]
        rows = []
        for number, total in enumerate(sums):
            builder.store(ir.Constant(_VECTOR, [0.0] * LANES), total)
            place = builder.add(arguments[3], ir.Constant(arguments[3].type, number))
            pair = [builder.load(builder.gep(fields.data, [place])) for fields in (first, second)]
            rows.append([builder.mul(builder.sext(field, width.type), width) for field in pair])
        start, step = ir.Constant(width.type, 0), ir.Constant(width.type, LANES)
        with cgutils.for_range_slice(builder, start, width, step) as (s, _):
            for pair, total in zip(rows, sums, strict=True):
                a, b = (builder.load(vector_at(builder, e.data, builder.add(row, s), _VECTOR), align=4) for row in pair)
                product = builder.fmul(a, b, flags=FUSED)
                builder.store(builder.fadd(builder.load(total), product, flags=FUSED), total)
        found = _sums_of_each(builder, [builder.load(total) for total in sums])
        builder.store(found, vector_at(builder, into.data, arguments[3], found.type), align=4)
        return context.get_dummy_value()

    return types.none(e_FS, first_P, second_P, types.int64, into_P), generate


def _sums_of_each(builder: ir.IRBuilder, vectors: list[Any]) -> Any:
    """The sum over the numbers of each vector, as one vector."""
    lanes, chosen = LANES, ir.IntType(32)
    while len(vectors) > 1:  # neighbours' halves are added up: as many numbers, half as many vectors
        even = [place + half * lanes for half in range(2) for place in range(0, lanes, 2)]
        masks = [ir.Constant(ir.VectorType(chosen, lanes), [place + odd for place in even]) for odd in range(2)]
        vectors = [
            builder.fadd(*(builder.shuffle_vector(a, b, mask) for mask in masks))
            for a, b in zip(vectors[::2], vectors[1::2], strict=True)
        ]
    (total,) = vectors
    while lanes > PAIRS:
        lanes //= 2
        masks = [
            ir.Constant(ir.VectorType(chosen, lanes), [2 * place + odd for place in range(lanes)]) for odd in range(2)
        ]
        total = builder.fadd(*(builder.shuffle_vector(total, total, mask) for mask in masks))
    return total


_put_eight: Any = intrinsic(_eight_dots)


@njit(inline="always")
def put_dots(e_FS: Array, first_P: Array, second_P: Array, into_P: Array) -> None:
    """``into_p = <e_first[p], e_second[p]>``; ``e_FS`` is 0 where it is padded, ``into_P`` contiguous."""
    pairs = len(first_P)
    if pairs >= PAIRS:
        for p in range(0, pairs - PAIRS + 1, PAIRS):
            _put_eight(e_FS, first_P, second_P, p, into_P)
        _put_eight(e_FS, first_P, second_P, pairs - PAIRS, into_P)  # the last ones, some of them again
        return
    for p in range(pairs):
        product = ZERO
        for s in range(e_FS.shape[1]):
            product += e_FS[first_P[p], s] * e_FS[second_P[p], s]
        into_P[p] = product
