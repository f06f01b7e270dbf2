"""Inner products of pairs of rows inside a compiled loop, some pairs at once in vector registers.

One product alone spends more time on adding up the numbers of its last vector than on its multiplications; of eight,
these sums are made together, by halves. A processor loads two vectors while it multiplies two pairs of them: where all
eight pairs have the first row in common, it is loaded once.

Shapes: F rows, S numbers of a row (a multiple of ``LANES``), P pairs, T blocks of pairs.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from autofis_kedro.compiled.loops import ZERO, Array
from autofis_kedro.compiled.processor import compiles_avx512
from autofis_kedro.compiled.vectors import FUSED, vector_at

LANES = 16 if compiles_avx512() else 8
"""Numbers in a vector: 64 bytes, or the 32 of AVX2, whose 16 registers hold eight sums of this size and no more."""
PAIRS = 8
"""Products that are made at once."""

_VECTOR = ir.VectorType(ir.FloatType(), LANES)


def _eight_dots(is_shared: bool) -> Any:
    """Of eight pairs, whose first row is the same if ``is_shared``."""

    def put_eight(_context: Any, e_FS: Any, first_P: Any, second_P: Any, p: Any, into_P: Any) -> Any:
        return types.none(e_FS, first_P, second_P, types.int64, into_P), _code(is_shared)

    return intrinsic(put_eight)


def _code(is_shared: bool) -> Any:
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

            def load(row: Any) -> Any:
                return builder.load(vector_at(builder, e.data, builder.add(row, s), _VECTOR), align=4)

            shared = load(rows[0][0]) if is_shared else None
            for (a, b), total in zip(rows, sums, strict=True):
                product = builder.fmul(load(a) if shared is None else shared, load(b), flags=FUSED)
                builder.store(builder.fadd(builder.load(total), product, flags=FUSED), total)
        found = _sums_of_each(builder, [builder.load(total) for total in sums])
        builder.store(found, vector_at(builder, into.data, arguments[3], found.type), align=4)
        return context.get_dummy_value()

    return generate


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


_put_any_eight, _put_eight_of_one = (_eight_dots(is_shared) for is_shared in (False, True))


@njit(cache=True)
def blocks_of(first_P: Array) -> tuple[Array, int]:
    """Where blocks of eight pairs begin that hold all pairs, some twice: [T]; and how many of them, which stand first,
    hold pairs with one first row."""
    pairs = len(first_P)
    of_one_T, any_T = np.empty(pairs, np.int64), np.empty(pairs, np.int64)
    n_of_one, n_any, covered, start = 0, 0, 0, 0
    while start < pairs and pairs >= PAIRS:
        end = start + 1
        while end < pairs and first_P[end] == first_P[start]:
            end += 1
        if end - start >= PAIRS or end == pairs:
            stop = start if end - start >= PAIRS else end
            while covered < stop:  # what stands before, of rows with few pairs
                any_T[n_any] = min(covered, pairs - PAIRS)
                covered, n_any = covered + PAIRS, n_any + 1
            for place in range(start, end if end - start >= PAIRS else start, PAIRS):
                of_one_T[n_of_one] = min(place, end - PAIRS)
                covered, n_of_one = end, n_of_one + 1
        start = end
    return np.concatenate((of_one_T[:n_of_one], any_T[:n_any])), n_of_one


@njit(inline="always")
def put_dots(e_FS: Array, first_P: Array, second_P: Array, blocks: tuple[Array, int], into_P: Array) -> None:
    """``into_p = <e_first[p], e_second[p]>``; ``e_FS`` is 0 where it is padded, ``into_P`` contiguous.

    Args:
        blocks: ``blocks_of(first_P)``.
    """
    start_T, n_of_one = blocks
    for t in range(n_of_one):
        _put_eight_of_one(e_FS, first_P, second_P, start_T[t], into_P)
    for t in range(n_of_one, len(start_T)):
        _put_any_eight(e_FS, first_P, second_P, start_T[t], into_P)
    if len(start_T):
        return
    for p in range(len(first_P)):
        product = ZERO
        for s in range(e_FS.shape[1]):
            product += e_FS[first_P[p], s] * e_FS[second_P[p], s]
        into_P[p] = product
