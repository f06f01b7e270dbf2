"""The loops of ``distinct_rows``, compiled by numba.

Each field is one thread's, so that what is added up and multiplied stays in its caches; sums run in the order of the
reads, whatever the threads.

Shapes: B rows, F fields, K embedding size, N hidden units, U different table rows, Z = B * F reads, T rows of the
table, P parts of the work, one on a thread.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numba import njit, prange
from torch import Tensor

from autofis_kedro.compiled.loops import ZERO, Array, arrays
from autofis_kedro.compiled.prefetch import AHEAD, prefetch_row
from autofis_kedro.compiled.products import multiply
from autofis_kedro.compiled.threads import use_torch_threads
from autofis_kedro.compiled.transpose import transposed
from autofis_kedro.compiled.vectors import over_rows
from autofis_kedro.data.reads import Reads
from autofis_kedro.models.room import Room

BLOCK_ROWS = 64
"""Table rows that are multiplied at once: they and a part of the weights fit into the nearest cache."""


def by_field(reads: Reads, n_rows: int, n_fields: int) -> tuple[Tensor, ...]:
    """Grouped reads of one-hot fields, ordered by field: ``DistinctRows``' attributes from ``rows_U`` on."""
    use_torch_threads()
    given: list[Any] = [*arrays(reads.rows_U, reads.order_Z, reads.starts_U), n_rows, n_fields]
    return tuple(torch.from_numpy(array) for array in _by_field(*given))


def products(table_TK: Tensor, rows_U: Tensor, field_starts: Tensor, weight_DN: Tensor, into_UN: Tensor) -> None:
    """Of each row its vector times its field's part of the weights."""
    use_torch_threads()
    _products(*arrays(table_TK, rows_U, field_starts, weight_DN, into_UN))


def sums_of_products(products_UN: Tensor, place_BF: Tensor, bias_N: Tensor | None) -> Tensor:
    """Of each batch row the sum of its fields' products, and the bias: [B, N]."""
    use_torch_threads()
    bias_N = products_UN.new_zeros(products_UN.shape[1]) if bias_N is None else bias_N
    out_BN = products_UN.new_empty(len(place_BF), products_UN.shape[1])
    _sums_of_products(*arrays(products_UN, place_BF, bias_N, out_BN))
    return out_BN


def gradients(rows: Any, weight_DN: Tensor, gradient_BN: Tensor, room: Room) -> tuple[Tensor, Tensor]:
    """Of the weights, as far as they are the fields', and of the rows' vectors: [D, N] and [U, K].

    Args:
        rows: ``DistinctRows``.
        weight_DN: of the product.
        gradient_BN: of the product.
        room: memory for the sums of one field on each thread.
    """
    use_torch_threads()
    sizes_F = rows.field_starts.diff()
    n_parts = min(torch.get_num_threads(), len(sizes_F))
    # the largest fields are dealt out first
    order_F = torch.argsort(sizes_F, descending=True, stable=True)
    n_units = weight_DN.shape[1]
    sums_PUN = room.of_shape(n_parts * int(sizes_F.max()), n_units).view(n_parts, -1, n_units)
    into_weight_DN = torch.empty_like(weight_DN)
    into_vectors_UK = rows.table_TK.new_empty(len(rows.rows_U), rows.table_TK.shape[1])
    given = (rows.table_TK, rows.rows_U, rows.field_starts, rows.reader_Z, rows.starts_U, order_F)
    _gradients(*arrays(*given, transposed(weight_DN), gradient_BN, sums_PUN, into_weight_DN, into_vectors_UK))
    return into_weight_DN, into_vectors_UK


def add_to_places(into_ZK: Tensor, place_U: Tensor, added_UK: Tensor) -> None:
    """Add rows to others, none twice to the same."""
    use_torch_threads()
    _add_to_places(*arrays(into_ZK, place_U, added_UK))


_put_row = over_rows(lambda rows, _: (rows[1],))
_add_row = over_rows(lambda rows, _: (rows[0] + rows[1],))
_add_four = over_rows(lambda rows, _: (rows[0] + ((rows[1] + rows[2]) + (rows[3] + rows[4])),))


@njit(parallel=True, cache=True)
def _by_field(
    rows_U: Array, order_Z: Array, starts_U: Array, n_rows: int, n_fields: int
) -> tuple[Array, Array, Array, Array, Array, Array]:
    n_reads, n_found = len(order_Z), len(rows_U)
    number_FB = np.full((n_fields, n_rows), -1, np.int32)  # of the table row whose first read is there
    field_starts = np.zeros(n_fields + 1, np.int64)
    for u in range(n_found):
        b, f = divmod(order_Z[starts_U[u]], n_fields)
        number_FB[f, b] = u
        field_starts[f + 1] += 1
    for f in range(n_fields):
        field_starts[f + 1] += field_starts[f]
    rows, first_reads, starts = (
        np.empty(n_found, np.int32),
        np.empty(n_found, np.int32),
        np.empty(n_found + 1, np.int32),
    )
    place_BF, reader_Z = np.empty((n_rows, n_fields), np.int32), np.empty(n_reads, np.int32)
    starts[n_found] = n_reads
    for f in prange(n_fields):
        place, read = field_starts[f], np.int64(f) * n_rows
        for b in range(n_rows):
            u = number_FB[f, b]
            if u >= 0:
                rows[place], first_reads[place], starts[place] = rows_U[u], order_Z[starts_U[u]], read
                for z in order_Z[starts_U[u] : starts_U[u + 1]]:
                    reader_Z[read], place_BF[z // n_fields, f] = z // n_fields, place
                    read += 1
                place += 1
    return rows, field_starts, place_BF, reader_Z, starts, first_reads


@njit(parallel=True, cache=True)
def _products(table_TK: Array, rows_U: Array, field_starts: Array, weight_DN: Array, into_UN: Array) -> None:
    size = table_TK.shape[1]
    n_fields = len(field_starts) - 1
    n_blocks_F = -(-(field_starts[1:] - field_starts[:-1]) // BLOCK_ROWS)
    last_block_F = np.cumsum(n_blocks_F)
    for block in prange(last_block_F[n_fields - 1]):
        f = np.searchsorted(last_block_F, block, side="right")
        start = field_starts[f] + (block - (last_block_F[f] - n_blocks_F[f])) * BLOCK_ROWS
        end = min(start + BLOCK_ROWS, field_starts[f + 1])
        vectors_UK = _vectors(table_TK, rows_U[start:end])
        multiply(vectors_UK, weight_DN[f * size : (f + 1) * size], into_UN[start:end])


@njit(cache=True)
def _vectors(table_TK: Array, rows_U: Array) -> Array:
    vectors_UK = np.empty((len(rows_U), table_TK.shape[1]), np.float32)
    for u in range(len(rows_U)):
        if u + AHEAD < len(rows_U):
            prefetch_row(table_TK, rows_U[u + AHEAD])
        vectors_UK[u] = table_TK[rows_U[u]]
    return vectors_UK


@njit(parallel=True, cache=True)
def _sums_of_products(products_UN: Array, place_BF: Array, bias_N: Array, out_BN: Array) -> None:
    units = len(bias_N)
    for b in prange(len(place_BF)):
        _put_row(units, (out_BN, bias_N), (b * units, 0), (ZERO,))
        _add_rows(out_BN, b, products_UN, place_BF[b])


@njit(cache=True, inline="always")
def _add_rows(into_XN: Array, x: int, from_YN: Array, places: Array) -> None:
    """Add rows at some places to one row."""
    units, whole = into_XN.shape[1], len(places) // 4 * 4
    for place in range(0, whole, 4):
        starts = (
            x * units,
            places[place] * units,
            places[place + 1] * units,
            places[place + 2] * units,
            places[place + 3] * units,
        )
        _add_four(units, (into_XN, from_YN, from_YN, from_YN, from_YN), starts, (ZERO,))
    for place in range(whole, len(places)):
        _add_row(units, (into_XN, from_YN), (x * units, places[place] * units), (ZERO,))


@njit(parallel=True, cache=True)
def _gradients(
    table_TK: Array,
    rows_U: Array,
    field_starts: Array,
    reader_Z: Array,
    starts_U: Array,
    order_F: Array,
    weight_ND: Array,
    gradient_BN: Array,
    sums_PUN: Array,
    into_weight_DN: Array,
    into_vectors_UK: Array,
) -> None:
    size, units, parts = table_TK.shape[1], gradient_BN.shape[1], len(sums_PUN)
    for part in prange(parts):
        for f in order_F[part::parts]:
            start, end = field_starts[f], field_starts[f + 1]
            sums_UN = sums_PUN[part][: end - start]
            for u in range(start, end):
                first, after = starts_U[u], starts_U[u + 1]
                _put_row(units, (sums_UN, gradient_BN), ((u - start) * units, reader_Z[first] * units), (ZERO,))
                _add_rows(sums_UN, u - start, gradient_BN, reader_Z[first + 1 : after])
            inputs = slice(f * size, (f + 1) * size)
            multiply(_vectors(table_TK, rows_U[start:end]).T, sums_UN, into_weight_DN[inputs])
            multiply(sums_UN, weight_ND[:, inputs], into_vectors_UK[start:end])


@njit(parallel=True, cache=True)
def _add_to_places(into_ZK: Array, place_U: Array, added_UK: Array) -> None:
    size = into_ZK.shape[1]
    for u in prange(len(place_U)):
        _add_row(size, (into_ZK, added_UK), (place_U[u] * size, u * size), (ZERO,))
