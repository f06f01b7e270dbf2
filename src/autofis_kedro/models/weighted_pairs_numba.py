"""The passes of ``weighted_pairs`` over the rows, compiled by numba: a row's vectors lie in the nearest cache.

Shapes: B rows, F fields, K embedding size, P pairs, N rows of a table, Z = B * F reads, T parts of the rows,
S and X as ``compiled.mixing`` pads them.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, prange
from torch import Tensor

from autofis_kedro.compiled.loops import FAST, PARTS, ZERO, Array, arrays
from autofis_kedro.compiled.mixing import LANES, MIXTURES, mix, padded
from autofis_kedro.compiled.prefetch import prefetch_read
from autofis_kedro.compiled.threads import use_torch_threads

DENSE = 0.4
"""From this share of all pairs on, mixing all fields for each is faster than adding up pairs."""


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
    _products(*arrays(*reads, z_BP, linear_B))
    return z_BP, linear_B


def gradients(reads: Reads, z_BP: Tensor, gradient_B: Tensor, line: Line) -> tuple[Tensor, Tensor]:
    """Of every read [Z, K], and of ``vector_FK``, g being the gradient of the sum."""
    use_torch_threads()
    fields, size = reads.rows_BF.shape[1], reads.table_NK.shape[1]
    into_ZK = reads.table_NK.new_empty(reads.rows_BF.numel(), size)
    into_vector_TFK = reads.vector_FK.new_zeros(PARTS, *reads.vector_FK.shape)
    is_dense = len(reads.first_P) >= DENSE * fields * (fields - 1) / 2
    given = arrays(*reads, z_BP, gradient_B, *line, into_ZK, into_vector_TFK)
    (_gradients_field_by_field if is_dense else _gradients_pair_by_pair)(*given)
    return into_ZK, into_vector_TFK.sum(0)


@njit(cache=True, inline="always")
def _read(table_NK: Array, rows_BF: Array, b: int, e_FS: Array) -> None:
    """The vectors of a row, while the next row's are asked for."""
    for f in range(rows_BF.shape[1]):
        if b + 1 < len(rows_BF):
            prefetch_read(table_NK, rows_BF[b + 1, f])
        row = rows_BF[b, f]
        for k in range(table_NK.shape[1]):
            e_FS[f, k] = table_NK[row, k]


@njit(parallel=True, cache=True, fastmath=FAST)
def _products(
    table_NK: Array,
    rows_BF: Array,
    first_P: Array,
    second_P: Array,
    vector_FK: Array,
    z_BP: Array,
    linear_B: Array,
) -> None:
    rows, fields, size = len(rows_BF), rows_BF.shape[1], table_NK.shape[1]
    for part in prange(PARTS):
        e_FK = np.empty((fields, size), np.float32)
        for b in range(rows * part // PARTS, rows * (part + 1) // PARTS):
            _read(table_NK, rows_BF, b, e_FK)
            for p in range(len(first_P)):
                i, j = first_P[p], second_P[p]
                product = ZERO
                for k in range(size):
                    product += e_FK[i, k] * e_FK[j, k]
                z_BP[b, p] = product
            linear = ZERO
            for f in range(len(vector_FK)):
                for k in range(size):
                    linear += e_FK[f, k] * vector_FK[f, k]
            linear_B[b] = linear


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
) -> None:
    rows, fields, size = len(rows_BF), rows_BF.shape[1], table_NK.shape[1]
    for part in prange(PARTS):
        e_FS = np.zeros((fields, padded(size, LANES)), np.float32)
        weight_XF = np.zeros((padded(fields, MIXTURES), fields), np.float32)
        into_XS = np.empty((weight_XF.shape[0], e_FS.shape[1]), np.float32)
        for b in range(rows * part // PARTS, rows * (part + 1) // PARTS):
            _read(table_NK, rows_BF, b, e_FS)
            gradient = gradient_B[b]
            for p in range(len(first_P)):
                i, j = first_P[p], second_P[p]
                weight = slope_P[p] * z_BP[b, p] + scale_P[p] * gradient + shift_P[p]
                weight_XF[i, j] = weight
                weight_XF[j, i] = weight
            mix(weight_XF, e_FS, into_XS)
            for f in range(fields):
                for k in range(size):
                    into_ZK[b * fields + f, k] = into_XS[f, k]
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
) -> None:
    rows, fields, size = len(rows_BF), rows_BF.shape[1], table_NK.shape[1]
    for part in prange(PARTS):
        e_FK = np.empty((fields, size), np.float32)
        for b in range(rows * part // PARTS, rows * (part + 1) // PARTS):
            _read(table_NK, rows_BF, b, e_FK)
            into_FK = into_ZK[b * fields : (b + 1) * fields]
            into_FK[:, :] = ZERO
            gradient = gradient_B[b]
            for p in range(len(first_P)):
                i, j = first_P[p], second_P[p]
                weight = slope_P[p] * z_BP[b, p] + scale_P[p] * gradient + shift_P[p]
                for k in range(size):
                    into_FK[i, k] += weight * e_FK[j, k]
                for k in range(size):
                    into_FK[j, k] += weight * e_FK[i, k]
            _linear_gradients(e_FK, vector_FK, gradient, into_FK, into_vector_TFK[part])


@njit(cache=True, inline="always")
def _linear_gradients(e_FS: Array, vector_FK: Array, gradient: float, into_FK: Array, into_vector_FK: Array) -> None:
    for f in range(len(vector_FK)):
        for k in range(vector_FK.shape[1]):
            into_FK[f, k] += gradient * vector_FK[f, k]
            into_vector_FK[f, k] += gradient * e_FS[f, k]
