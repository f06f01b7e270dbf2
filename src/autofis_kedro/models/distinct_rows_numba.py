"""The loops of ``distinct_rows``, compiled by numba. Sums run in the order of the reads, whatever the threads.

Shapes: B rows, F fields, K embedding size, N hidden units, U different table rows, Z = B * F reads, P parts of the
hidden units.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numba import njit, prange
from torch import Tensor

from autofis_kedro.compiled.dots import LANES
from autofis_kedro.compiled.loops import ZERO, Array, arrays
from autofis_kedro.compiled.products import multiply
from autofis_kedro.compiled.threads import use_torch_threads
from autofis_kedro.compiled.transpose import transposed
from autofis_kedro.compiled.vectors import add_four_rows, add_row, copy_row
from autofis_kedro.data.reads import Reads
from autofis_kedro.models.room import Room

if TYPE_CHECKING:
    from autofis_kedro.models.distinct_rows import DistinctRows

BLOCK_ROWS = 64
"""Table rows that are multiplied at once: they and some columns of the weights fit into the nearest cache."""
MOST_PRODUCTS = 1 << 24
"""Numbers: 64 MB. A large batch adds up the products of some fields before those of the next are made."""
UNITS = 96
"""About as many hidden units are a part of the gradients' work: 2,000 batch rows of them fit into a core's cache."""


def by_field(reads: Reads, n_rows: int, n_fields: int) -> tuple[Tensor, ...] | None:
    """Grouped reads of one-hot fields, ordered by field: ``DistinctRows``' attributes from ``rows_U`` on.

    Returns:
        None where a table row is read by two fields, which valid ids never do.
    """
    use_torch_threads()
    given: list[Any] = [*arrays(reads.rows_U, reads.order_Z, reads.starts_U), n_rows, n_fields]
    *found, is_own_F = _by_field(*given)
    return tuple(torch.from_numpy(array) for array in found) if is_own_F.all() else None


def product(rows: DistinctRows, vectors_UK: Tensor, weight_DN: Tensor, bias_N: Tensor | None, room: Room) -> Tensor:
    """Of each batch row the sum over its fields of vector times weights, and the bias: [B, N].

    Args:
        rows: which of the vectors each batch row reads.
        vectors_UK: each once.
        weight_DN: K rows for each field, then others.
        bias_N: added.
        room: for the products of vectors.
    """
    use_torch_threads()
    n_units, n_rows = weight_DN.shape[1], len(rows.place_BF)
    out_BN = vectors_UK.new_empty(n_rows, n_units)
    bias_N = vectors_UK.new_zeros(n_units) if bias_N is None else bias_N
    for first, last in _groups(rows.field_starts, MOST_PRODUCTS // n_units):
        starts_F = rows.field_starts[first : last + 1]
        products_UN = room.of_shape(int(starts_F[-1] - starts_F[0]), n_units)
        _products(*arrays(vectors_UK, starts_F, weight_DN[first * vectors_UK.shape[1] :], products_UN))
        given: list[Any] = [*arrays(products_UN, rows.place_BF[:, first:last], bias_N, out_BN)]
        given += [int(starts_F[0]), first == 0]
        _add_products(*given)
    return out_BN


def _groups(field_starts: Tensor, most_rows: int) -> list[tuple[int, int]]:
    """Neighbouring fields that have as many rows together, at least one: the first and the one after the last."""
    starts, bounds = field_starts.tolist(), [0]
    for field in range(1, len(starts) - 1):
        if starts[field + 1] - starts[bounds[-1]] > most_rows:
            bounds.append(field)
    return list(pairwise([*bounds, len(starts) - 1]))


def gradients(
    rows: DistinctRows, vectors_UK: Tensor, weight_DN: Tensor, gradient_BN: Tensor, room: Room
) -> tuple[Tensor, Tensor]:
    """Of the weights, as far as they are the fields', and of the vectors, given that of the product: [D, N], [U, K].

    The vectors' are in the order of ``Reads.rows_U``.
    Every thread takes some of the hidden units, whose gradients stay in its caches while it goes from field to field.
    """
    use_torch_threads()
    starts_P, width = _parts(weight_DN.shape[1])
    n_parts, n_sums = len(starts_P) - 1, int(rows.field_starts.diff().max()) * width
    held_PX = room.of_shape(n_parts, n_sums + vectors_UK.numel())
    sums_PX, into_vectors_PUK = held_PX.view(-1).split([n_parts * n_sums, n_parts * vectors_UK.numel()])
    sums_PX, into_vectors_PUK = sums_PX.view(n_parts, n_sums), into_vectors_PUK.view(n_parts, *vectors_UK.shape)
    into_weight_DN = torch.empty_like(weight_DN)
    given = (vectors_UK, rows.field_starts, rows.reader_Z, rows.starts_U, transposed(weight_DN), gradient_BN)
    _gradients(*arrays(*given, starts_P, sums_PX, into_weight_DN, into_vectors_PUK))
    into_vectors_UK = torch.empty_like(vectors_UK)
    _add_parts(*arrays(into_vectors_PUK, rows.number_U, into_vectors_UK))
    return into_weight_DN, into_vectors_UK


def _parts(n_units: int) -> tuple[Tensor, int]:
    """Where each part of the hidden units begins, a multiple of a vector, with the end, and the width of the widest.

    An even number of them where there are two vectors or more, for an even number of threads; the same whatever those.
    """
    n_vectors = -(-n_units // LANES)
    n_parts = min(n_vectors, 2 * max(1, round(n_units / UNITS / 2)))
    starts_P = (torch.arange(n_parts + 1) * n_vectors // n_parts * LANES).clamp(max=n_units)
    return starts_P, int(starts_P.diff().max())


@njit(parallel=True, cache=True)
def _by_field(
    rows_U: Array, order_Z: Array, starts_U: Array, n_rows: int, n_fields: int
) -> tuple[Array, Array, Array, Array, Array, Array, Array]:
    n_reads, n_found = len(order_Z), len(rows_U)
    number_FB = np.full((n_fields, n_rows), -1, np.int32)  # of the table row whose first read is there
    field_starts, n_reads_F = np.zeros(n_fields + 1, np.int64), np.zeros(n_fields, np.int64)
    for u in range(n_found):
        b, f = divmod(order_Z[starts_U[u]], n_fields)
        number_FB[f, b] = u
        field_starts[f + 1] += 1
        n_reads_F[f] += starts_U[u + 1] - starts_U[u]
    is_own_F = n_reads_F == n_rows
    for f in range(n_fields):
        field_starts[f + 1] += field_starts[f]
    rows, numbers = np.empty(n_found, np.int32), np.empty(n_found, np.int32)
    starts = np.empty(n_found + 1, np.int32)
    place_BF, reader_Z = np.empty((n_rows, n_fields), np.int32), np.empty(n_reads, np.int32)
    starts[n_found] = n_reads
    for f in prange(n_fields):
        place, read = field_starts[f], np.int64(f) * n_rows
        for b in range(n_rows if is_own_F[f] else 0):
            u = number_FB[f, b]
            if u >= 0:
                rows[place], numbers[place], starts[place] = rows_U[u], u, read
                for z in order_Z[starts_U[u] : starts_U[u + 1]]:
                    reader_Z[read], place_BF[z // n_fields, f] = z // n_fields, place
                    is_own_F[f] = is_own_F[f] and z % n_fields == f
                    read += 1
                place += 1
    return rows, field_starts, place_BF, reader_Z, starts, numbers, is_own_F


@njit(parallel=True, cache=True)
def _products(vectors_UK: Array, field_starts: Array, weight_DN: Array, into_UN: Array) -> None:
    size, offset = vectors_UK.shape[1], field_starts[0]
    n_blocks_F = -(-(field_starts[1:] - field_starts[:-1]) // BLOCK_ROWS)
    last_block_F = np.cumsum(n_blocks_F)
    for block in prange(last_block_F[-1]):
        f = np.searchsorted(last_block_F, block, side="right")
        start = field_starts[f] + (block - (last_block_F[f] - n_blocks_F[f])) * BLOCK_ROWS
        end = min(start + BLOCK_ROWS, field_starts[f + 1])
        here = into_UN[start - offset : end - offset]
        multiply(vectors_UK[start:end], weight_DN[f * size : (f + 1) * size], here)


@njit(parallel=True, cache=True)
def _add_products(
    products_UN: Array, place_BF: Array, bias_N: Array, out_BN: Array, offset: int, is_first: bool
) -> None:
    units = len(bias_N)
    for b in prange(len(place_BF)):
        if is_first:
            copy_row(units, (out_BN, bias_N), (b * units, 0), (ZERO,))
        _add_rows(units, (out_BN, products_UN), (b * units, -offset * units), units, place_BF[b])


@njit(parallel=True, cache=True)
def _gradients(
    vectors_UK: Array,
    field_starts: Array,
    reader_Z: Array,
    starts_U: Array,
    weight_ND: Array,
    gradient_BN: Array,
    starts_P: Array,
    sums_PX: Array,
    into_weight_DN: Array,
    into_vectors_PUK: Array,
) -> None:
    size, units = vectors_UK.shape[1], gradient_BN.shape[1]
    for part in prange(len(starts_P) - 1):
        low, high = starts_P[part], starts_P[part + 1]
        width = high - low
        for f in range(len(field_starts) - 1):
            start, end = field_starts[f], field_starts[f + 1]
            sums_UN = sums_PX[part, : (end - start) * width].reshape(end - start, width)
            for u in range(start, end):
                readers, at = reader_Z[starts_U[u] : starts_U[u + 1]], (u - start) * width
                copy_row(width, (sums_UN, gradient_BN), (at, readers[0] * units + low), (ZERO,))
                _add_rows(width, (sums_UN, gradient_BN), (at, low), units, readers[1:])
            inputs = slice(f * size, (f + 1) * size)
            multiply(vectors_UK[start:end].T, sums_UN, into_weight_DN[inputs, low:high])
            multiply(sums_UN, weight_ND[low:high, inputs], into_vectors_PUK[part, start:end])


@njit(cache=True, inline="always")
def _add_rows(width: int, arrays: Any, starts: Any, stride: int, places: Array) -> None:
    """Add to the row of the first array rows of the second, which lie ``stride`` apart."""
    (into, source), (at, low) = arrays, starts
    whole = len(places) // 4 * 4
    for place in range(0, whole, 4):
        four = (
            at,
            low + places[place] * stride,
            low + places[place + 1] * stride,
            low + places[place + 2] * stride,
            low + places[place + 3] * stride,
        )
        add_four_rows(width, (into, source, source, source, source), four, (ZERO,))
    for place in range(whole, len(places)):
        add_row(width, (into, source), (at, low + places[place] * stride), (ZERO,))


@njit(parallel=True, cache=True)
def _add_parts(parts_PUK: Array, number_U: Array, into_UK: Array) -> None:
    """The sums over the parts, each row at its number."""
    size = into_UK.shape[1]
    for u in prange(len(number_U)):
        at = number_U[u] * size
        copy_row(size, (into_UK, parts_PUK), (at, u * size), (ZERO,))
        for part in range(1, len(parts_PUK)):
            add_row(size, (into_UK, parts_PUK), (at, (part * len(number_U) + u) * size), (ZERO,))
