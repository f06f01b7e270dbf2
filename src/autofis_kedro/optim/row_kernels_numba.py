"""The row kernels compiled by numba: one pass over the touched rows, on all of torch's threads.

numba because its wheels bring their own compiler: a user needs none. Compiled once and kept on disk. Sums run in the
order of the reads, whatever the number of threads, so that results are bit-identical.

Shapes: N rows of a table, K its width, Z reads of a batch, U different rows among them, S steps.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numba import njit, prange
from torch import Tensor

from autofis_kedro.compiled.loops import Array, arrays
from autofis_kedro.compiled.prefetch import AHEAD, prefetch_row
from autofis_kedro.compiled.threads import use_torch_threads
from autofis_kedro.compiled.vectors import Numbers, add_row, over_rows
from autofis_kedro.data.reads import Reads, RowGradient
from autofis_kedro.optim.gradient_rows import TorchSums
from autofis_kedro.optim.grouping_numba import group
from autofis_kedro.optim.row_kernels import AdamStep, Skipped, TableState


class NumbaKernels:
    """For float32 tables on the CPU."""

    def __init__(self) -> None:
        self._slot_N = np.empty(0, dtype=np.int32)

    def group(self, ids_Z: Tensor, n_rows: int) -> Reads:
        """Group reads by row; in which order the rows come depends on the number of threads."""
        use_torch_threads()
        if len(self._slot_N) != n_rows:
            self._slot_N = np.full(n_rows, -1, dtype=np.int32)
        rows, order, starts = group(ids_Z.numpy(), self._slot_N, torch.get_num_threads())
        return Reads(torch.from_numpy(rows), torch.from_numpy(order), torch.from_numpy(starts))

    def catch_up(self, tables: Sequence[TableState], last_N: Tensor, rows_U: Tensor, skipped: Skipped) -> None:
        """Apply skipped zero-gradient steps to rows."""
        use_torch_threads()
        _catch_up(
            *_arrays_of(tables),
            tuple(moves_S4.numpy() for moves_S4 in skipped.moves),
            last_N.numpy(),
            rows_U.numpy(),
            skipped.now,
            skipped.first_decay_S.numpy(),
            skipped.second_decay_S.numpy(),
            np.float32(skipped.eps_hat),
        )

    def update(
        self,
        tables: Sequence[TableState],
        last_N: Tensor,
        reads: Reads,
        gradients: Sequence[RowGradient],
        step: AdamStep,
    ) -> None:
        """One Adam step of the rows read; where gradients are by read alone, a row's first becomes their sum."""
        use_torch_threads()
        # 1 - beta is taken before rounding: float32's 1 - 0.999 is wrong in its fifth digit
        numbers = (step.eps_hat, step.beta_1, 1 - step.beta_1, step.beta_2, 1 - step.beta_2)
        _update(
            *_arrays_of(tables),
            tuple(_numbers(gradient.of_reads_ZK, table) for gradient, table in zip(gradients, tables, strict=True)),
            tuple(_numbers(gradient.of_rows_UK, table) for gradient, table in zip(gradients, tables, strict=True)),
            tuple(np.float32(rate) for rate in step.rates),
            last_N.numpy(),
            reads.rows_U.numpy(),
            reads.order_Z.numpy(),
            reads.starts_U.numpy(),
            step.now,
            tuple(np.float32(number) for number in numbers),
        )


def _arrays_of(tables: Sequence[TableState]) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    return tuple(table.weight.numpy() for table in tables), tuple(table.moments.numpy() for table in tables)


def _numbers(gradient: Tensor | None, table: TableState) -> Array:
    """The gradient, or one of no rows."""
    numbers: Array = (table.weight[:0] if gradient is None else gradient.contiguous()).numpy()
    return numbers


class NumbaSums(TorchSums):
    """Sums of the gradients of each row's reads, row by row."""

    def __init__(self, n_rows: int) -> None:
        self._kernels, self._n_rows = NumbaKernels(), n_rows

    def begin(self, ids_Z: Tensor, reads: Reads | None) -> Reads:
        """Take note of the reads; given back grouped."""
        self._reads = reads or self._kernels.group(ids_Z, self._n_rows)
        self.rows = self._reads.rows_U.long()
        return self._reads

    def add_to(self, buffer_NK: Tensor, gradient: RowGradient) -> None:
        """Add gradients to their rows."""
        use_torch_threads()
        reads = self._reads
        if gradient.of_reads_ZK is not None:
            _add(*arrays(buffer_NK, reads.rows_U, reads.order_Z, reads.starts_U, gradient.of_reads_ZK))
        if gradient.of_rows_UK is not None:
            _add_rows(*arrays(buffer_NK, reads.rows_U, gradient.of_rows_UK))


def _moved(rows: Sequence[Numbers], shared: Sequence[Numbers]) -> tuple[Numbers, ...]:
    """Weight and moments after zero-gradient steps (``DeferredAdam``)."""
    weight, m, v = rows
    d0, d1, d2, d3, first_decay, second_decay, eps, one = shared
    root = v.sqrt()
    inverse = one / (root + eps)
    share = root * inverse
    return weight - m * inverse * (d0 + share * (d1 + share * (d2 + share * d3))), m * first_decay, v * second_decay


def _stepped(rows: Sequence[Numbers], shared: Sequence[Numbers]) -> tuple[Numbers, ...]:
    """Weight and moments after one step of Adam."""
    weight, m, v, gradient = rows
    rate, eps, beta_1, rest_1, beta_2, rest_2 = shared
    m = beta_1 * m + rest_1 * gradient
    v = beta_2 * v + rest_2 * gradient * gradient
    return weight - rate * m / (v.sqrt() + eps), m, v


_move_row = over_rows(_moved)
_step_row = over_rows(_stepped)


@njit(parallel=True, cache=True)
def _catch_up(
    weights: Any,
    moments: Any,
    moves: Any,
    last_N: Array,
    rows_U: Array,
    now: int,
    first_decay_S: Array,
    second_decay_S: Array,
    eps: Any,
) -> None:
    for u in prange(len(rows_U)):
        _ask_ahead(weights, moments, rows_U, u)
        if u + 2 * AHEAD < len(rows_U):
            prefetch_row(last_N, rows_U[u + 2 * AHEAD])
        row = rows_U[u]
        last = last_N[row]
        if last < now:
            decays = (first_decay_S[now - last], second_decay_S[now - last], eps, np.float32(1))
            for table in range(len(weights)):
                d = moves[table][last]
                sums = (np.float32(d[0]), np.float32(d[1]), np.float32(d[2]), np.float32(d[3]))
                size = weights[table].shape[1]
                starts = (row * size, 2 * row * size, (2 * row + 1) * size)
                _move_row(size, (weights[table], moments[table], moments[table]), starts, sums + decays)
            last_N[row] = now


@njit(parallel=True, cache=True)
def _update(
    weights: Any,
    moments: Any,
    of_reads: Any,
    of_rows: Any,
    rates: Any,
    last_N: Array,
    rows_U: Array,
    order_Z: Array,
    starts_U: Array,
    now: int,
    numbers: Any,
) -> None:
    for u in prange(len(rows_U)):
        _ask_ahead(weights, moments, rows_U, u)
        row, head = rows_U[u], order_Z[starts_U[u]]
        for table in range(len(weights)):
            gradient_ZK, sum_UK, size = of_reads[table], of_rows[table], weights[table].shape[1]
            begin = starts_U[u]
            if len(sum_UK) == 0:  # the gradient of the first read becomes the sum
                sum_UK, at, begin = gradient_ZK, head * size, begin + 1
            else:
                at = u * size
            if len(gradient_ZK):
                if u + AHEAD < len(rows_U):
                    prefetch_row(gradient_ZK, order_Z[starts_U[u + AHEAD]])
                for place in range(begin, starts_U[u + 1]):
                    if place + AHEAD < len(order_Z):
                        prefetch_row(gradient_ZK, order_Z[place + AHEAD])
                    add_row(size, (sum_UK, gradient_ZK), (at, order_Z[place] * size), (np.float32(0),))
            rows = (weights[table], moments[table], moments[table], sum_UK)
            starts = (row * size, 2 * row * size, (2 * row + 1) * size, at)
            _step_row(size, rows, starts, (rates[table], *numbers))
        last_N[row] = now


@njit(cache=True, inline="always")
def _ask_ahead(weights: Any, moments: Any, rows_U: Array, u: int) -> None:
    if u + AHEAD < len(rows_U):
        for table in range(len(weights)):
            prefetch_row(weights[table], rows_U[u + AHEAD])
            prefetch_row(moments[table], rows_U[u + AHEAD])


@njit(parallel=True, cache=True)
def _add(buffer_NK: Array, rows_U: Array, order_Z: Array, starts_U: Array, gradient_ZK: Array) -> None:
    size = buffer_NK.shape[1]
    for u in prange(len(rows_U)):
        for place in range(starts_U[u], starts_U[u + 1]):
            starts = (rows_U[u] * size, order_Z[place] * size)
            add_row(size, (buffer_NK, gradient_ZK), starts, (np.float32(0),))


@njit(parallel=True, cache=True)
def _add_rows(buffer_NK: Array, rows_U: Array, sum_UK: Array) -> None:
    size = buffer_NK.shape[1]
    for u in prange(len(rows_U)):
        add_row(size, (buffer_NK, sum_UK), (rows_U[u] * size, u * size), (np.float32(0),))
