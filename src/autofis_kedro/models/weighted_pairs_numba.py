"""The passes of ``weighted_pairs`` over the rows, compiled by numba: a row's vectors lie in the nearest cache.

Shapes: B rows, F fields, K embedding size, P pairs, N rows of a table, Z = B * F reads, T parts of the rows,
S numbers of a padded vector (a multiple of ``LANES``), X padded fields (a multiple of ``ROWS``).
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit, prange
from torch import Tensor

from autofis_kedro.compiled.dots import LANES, blocks_of, put_dots
from autofis_kedro.compiled.loops import FAST, PARTS, ZERO, Array, arrays, padded
from autofis_kedro.compiled.prefetch import prefetch_read
from autofis_kedro.compiled.products import ROWS, multiply
from autofis_kedro.compiled.threads import use_torch_threads
from autofis_kedro.compiled.vectors import add_row, copy_row, over_rows

DENSE = 0.2
"""From this share of all pairs on, multiplying all vectors for each is faster than adding up pairs."""

ROWS_AHEAD = 2
"""Of a batch, between asking for vectors and reading them."""


class Reads(NamedTuple):
    """What a batch reads: e_i is the table's row ``rows_BF[:, i]``; ``vector_FK`` is empty or FwFM's linear part."""

    table_NK: Tensor
    rows_BF: Tensor
    first_P: Tensor
    second_P: Tensor
    vector_FK: Tensor


class Line(NamedTuple):
    """The gradient of the product p of row b: ``slope_p z_bp + scale_p g_b + shift_p``."""

    slope_P: Tensor
    scale_P: Tensor
    shift_P: Tensor


def products(reads: Reads) -> tuple[Tensor, Tensor]:
    """<e_i, e_j> [B, P], and ``sum_i <e_i, vector_i>`` [B]."""
    use_torch_threads()
    like, rows = reads.table_NK, len(reads.rows_BF)
    z_BP, linear_B = like.new_empty(rows, len(reads.first_P)), like.new_zeros(rows)
    _products(*arrays(*reads, z_BP, linear_B, padded_rows(like, reads.rows_BF.shape[1])))
    return z_BP, linear_B


def gradients(
    reads: Reads, z_BP: Tensor, gradient_B: Tensor, line: Line, into_ZK: Tensor, *, is_added: bool = False
) -> Tensor:
    """Of every read, put into ``into_ZK`` or added to it, and of ``vector_FK``, g being the gradient of the sum.

    Returns:
        The latter.
    """
    use_torch_threads()
    fields = reads.rows_BF.shape[1]
    into_vector_TFK = reads.vector_FK.new_zeros(PARTS, *reads.vector_FK.shape)
    is_dense = len(reads.first_P) >= DENSE * fields * (fields - 1) / 2
    given: list[Any] = arrays(*reads, z_BP, gradient_B, *line, into_ZK, into_vector_TFK, padded_rows(into_ZK, fields))
    if is_dense:
        given += arrays(padded_rows(into_ZK, padded(fields, ROWS)))
    given.append(is_added)
    (_gradients_field_by_field if is_dense else _gradients_pair_by_pair)(*given)
    return into_vector_TFK.sum(0)


def padded_rows(like_NK: Tensor, n_rows: int) -> Tensor:
    """Zeros for some padded rows of each part: [T, n_rows, S].

    torch's memory begins with a cache line, numba's does not: reading vectors that lie across two takes twice as long.
    """
    return like_NK.new_zeros(PARTS, n_rows, padded(like_NK.shape[1], LANES))


_add_scaled = over_rows(lambda rows, shared: (rows[0] + shared[0] * rows[1],))
_add_product = over_rows(lambda rows, _: (rows[0] + rows[1] * rows[2],))
_put_line = over_rows(lambda rows, shared: (rows[1] * rows[2] + rows[3] * shared[0] + rows[4],))
_add_linear = over_rows(lambda rows, shared: (rows[0] + shared[0] * rows[2], rows[1] + shared[0] * rows[3]))


@njit(cache=True, inline="always")
def read_row(table_NK: Array, rows_BF: Array, b: int, e_FS: Array) -> None:
    """The vectors of a row, while those of a later one are asked for."""
    size, width = table_NK.shape[1], e_FS.shape[1]
    for f in range(rows_BF.shape[1]):
        if b + ROWS_AHEAD < len(rows_BF):
            prefetch_read(table_NK, rows_BF[b + ROWS_AHEAD, f])
        copy_row(size, (e_FS, table_NK), (f * width, rows_BF[b, f] * size), (ZERO,))


@njit(parallel=True, cache=True, fastmath=FAST)
def _products(
    table_NK: Array,
    rows_BF: Array,
    first_P: Array,
    second_P: Array,
    vector_FK: Array,
    z_BP: Array,
    linear_B: Array,
    e_TFS: Array,
) -> None:
    rows, size, blocks = len(rows_BF), table_NK.shape[1], blocks_of(first_P)
    for part in prange(PARTS):
        e_FS, sum_K = e_TFS[part], np.empty(size, np.float32)
        for b in range(rows * part // PARTS, rows * (part + 1) // PARTS):
            read_row(table_NK, rows_BF, b, e_FS)
            put_dots(e_FS, first_P, second_P, blocks, z_BP[b])
            if len(vector_FK):
                linear_B[b] = _linear(e_FS, vector_FK, sum_K)


@njit(parallel=True, cache=True, fastmath=FAST)
def _gradients_field_by_field(
    table_NK: Array,
    rows_BF: Array,
    first_P: Array,
    second_P: Array,
    vector_FK: Array,
    z_BP: Array,
    gradient_B: Array,
    slope_P: Array,
    scale_P: Array,
    shift_P: Array,
    into_ZK: Array,
    into_vector_TFK: Array,
    e_TFS: Array,
    into_TXS: Array,
    is_added: bool,
) -> None:
    rows, fields, size = len(rows_BF), rows_BF.shape[1], table_NK.shape[1]
    # unsigned: of a signed index every use asks first whether it counts from the end
    above_P, below_P = (first_P * fields + second_P).astype(np.uint32), (second_P * fields + first_P).astype(np.uint32)
    for part in prange(PARTS):
        e_FS, into_XS = e_TFS[part], into_TXS[part]
        weight_XF, weight_P = np.zeros((len(into_XS), fields), np.float32), np.empty_like(slope_P)
        weight_X = weight_XF.ravel()
        for b in range(rows * part // PARTS, rows * (part + 1) // PARTS):
            read_row(table_NK, rows_BF, b, e_FS)
            gradient = gradient_B[b]
            _weigh(z_BP, b, gradient, slope_P, scale_P, shift_P, weight_P)
            for p in range(len(above_P)):
                weight_X[above_P[p]] = weight_P[p]
                weight_X[below_P[p]] = weight_P[p]
            multiply(weight_XF, e_FS, into_XS)
            for f in range(fields):
                starts = ((b * fields + f) * size, f * into_XS.shape[1])
                if is_added:
                    add_row(size, (into_ZK, into_XS), starts, (ZERO,))
                else:
                    copy_row(size, (into_ZK, into_XS), starts, (ZERO,))
            _linear_gradients(e_FS, vector_FK, gradient, into_ZK[b * fields :], into_vector_TFK[part])


@njit(parallel=True, cache=True, fastmath=FAST)
def _gradients_pair_by_pair(
    table_NK: Array,
    rows_BF: Array,
    first_P: Array,
    second_P: Array,
    vector_FK: Array,
    z_BP: Array,
    gradient_B: Array,
    slope_P: Array,
    scale_P: Array,
    shift_P: Array,
    into_ZK: Array,
    into_vector_TFK: Array,
    e_TFS: Array,
    is_added: bool,
) -> None:
    rows, fields, size, width = len(rows_BF), rows_BF.shape[1], table_NK.shape[1], e_TFS.shape[2]
    for part in prange(PARTS):
        e_FS, weight_P = e_TFS[part], np.empty_like(slope_P)
        for b in range(rows * part // PARTS, rows * (part + 1) // PARTS):
            read_row(table_NK, rows_BF, b, e_FS)
            into_FK = into_ZK[b * fields : (b + 1) * fields]
            if not is_added:
                into_FK[:, :] = ZERO
            gradient = gradient_B[b]
            _weigh(z_BP, b, gradient, slope_P, scale_P, shift_P, weight_P)
            for p in range(len(first_P)):
                i, j = first_P[p], second_P[p]
                _add_scaled(size, (into_FK, e_FS), (i * size, j * width), (weight_P[p],))
                _add_scaled(size, (into_FK, e_FS), (j * size, i * width), (weight_P[p],))
            _linear_gradients(e_FS, vector_FK, gradient, into_FK, into_vector_TFK[part])


@njit(cache=True, inline="always")
def _weigh(
    z_BP: Array, b: int, gradient: float, slope_P: Array, scale_P: Array, shift_P: Array, weight_P: Array
) -> None:
    """The gradient of each product of a row (``Line``)."""
    pairs = len(weight_P)
    _put_line(pairs, (weight_P, slope_P, z_BP, scale_P, shift_P), (0, 0, b * pairs, 0, 0), (gradient,))


@njit(cache=True, inline="always")
def _linear(e_FS: Array, vector_FK: Array, sum_K: Array) -> Any:
    size = len(sum_K)
    sum_K[:] = ZERO
    for f in range(len(vector_FK)):
        _add_product(size, (sum_K, e_FS, vector_FK), (0, f * e_FS.shape[1], f * size), (ZERO,))
    return sum_K.sum()


@njit(cache=True, inline="always")
def _linear_gradients(e_FS: Array, vector_FK: Array, gradient: float, into_FK: Array, into_vector_FK: Array) -> None:
    size = vector_FK.shape[1]
    for f in range(len(vector_FK)):
        starts = (f * size, f * size, f * size, f * e_FS.shape[1])
        _add_linear(size, (into_FK, into_vector_FK, vector_FK, e_FS), starts, (gradient,))
