"""The row kernels compiled by numba: one pass over the touched rows, on all of torch's threads.

numba because its wheels bring their own compiler: a user needs none. Compiled once and kept on disk. Sums run in the
order of the reads, whatever the number of threads, so that results are bit-identical.

Shapes: N rows of a table, K its width, Z reads of a batch, U different rows among them, S steps.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numba import njit, prange
from torch import Tensor

from autofis_kedro.compiled.loops import Array
from autofis_kedro.compiled.prefetch import AHEAD, prefetch_row
from autofis_kedro.compiled.threads import use_torch_threads
from autofis_kedro.optim.gradient_rows import TorchSums
from autofis_kedro.optim.row_kernels import AdamStep, Reads, Skipped, TableState

IN_ORDER = {"contract", "arcp", "nsz"}  # no reordering of sums: they stay bit-identical


class NumbaKernels:
    """For float32 tables on the CPU."""

    def __init__(self) -> None:
        self._slot_N = np.empty(0, dtype=np.int32)

    def group(self, ids_Z: Tensor, n_rows: int) -> Reads:
        """Group reads by row, rows in the order of their first read."""
        if len(self._slot_N) != n_rows:
            self._slot_N = np.full(n_rows, -1, dtype=np.int32)
        rows, order, starts = _group(ids_Z.numpy(), self._slot_N)
        return Reads(torch.from_numpy(rows), torch.from_numpy(order), torch.from_numpy(starts))

    def catch_up(self, table: TableState, last_N: Tensor, rows_U: Tensor, skipped: Skipped) -> None:
        """Apply skipped zero-gradient steps to rows."""
        use_torch_threads()
        _catch_up(
            table.weight.numpy(),
            table.moments.numpy(),
            last_N.numpy(),
            rows_U.numpy(),
            skipped.now,
            skipped.moves_S4.numpy(),
            skipped.first_decay_S.numpy(),
            skipped.second_decay_S.numpy(),
            np.float32(skipped.eps_hat),
        )

    def update(self, table: TableState, reads: Reads, gradient_ZK: Tensor, step: AdamStep) -> None:
        """One Adam step of the rows read; the gradient of a row's first read becomes their sum."""
        use_torch_threads()
        _update(
            table.weight.numpy(),
            table.moments.numpy(),
            reads.rows_U.numpy(),
            reads.order_Z.numpy(),
            reads.starts_U.numpy(),
            gradient_ZK.contiguous().numpy(),
            *(np.float32(number) for number in (step.rate, step.eps_hat)),
            # 1 - beta is taken before rounding: float32's 1 - 0.999 is wrong in its fifth digit
            *(np.float32(number) for number in (step.beta_1, 1 - step.beta_1, step.beta_2, 1 - step.beta_2)),
        )


class NumbaSums(TorchSums):
    """Sums of the gradients of each row's reads, row by row."""

    def __init__(self, n_rows: int) -> None:
        self._kernels, self._n_rows = NumbaKernels(), n_rows

    def begin(self, ids_Z: Tensor) -> None:
        """Take note of the reads."""
        self._reads = self._kernels.group(ids_Z, self._n_rows)
        self.rows = self._reads.rows_U.long()

    def add_to(self, buffer_NK: Tensor, gradient_ZK: Tensor) -> None:
        """Add the gradient of each read to its row."""
        use_torch_threads()
        arrays = (self._reads.rows_U, self._reads.order_Z, self._reads.starts_U, gradient_ZK.contiguous())
        _add(buffer_NK.numpy(), *(tensor.numpy() for tensor in arrays))


@njit(cache=True)
def _group(ids_Z: Array, slot_N: Array) -> tuple[Array, Array, Array]:
    rows, slot_Z = np.empty_like(ids_Z), np.empty_like(ids_Z)
    counts, n_rows = np.zeros(len(ids_Z) + 1, np.int32), 0
    for z in range(len(ids_Z)):
        slot = slot_N[ids_Z[z]]
        if slot < 0:
            slot = n_rows
            slot_N[ids_Z[z]] = slot
            rows[slot] = ids_Z[z]
            n_rows += 1
        slot_Z[z] = slot
        counts[slot + 1] += 1
    for slot in range(n_rows):
        slot_N[rows[slot]] = -1  # as it was found
        counts[slot + 1] += counts[slot]
    order_Z, starts = np.empty_like(ids_Z), counts[: n_rows + 1]
    following = starts.copy()
    for z in range(len(ids_Z)):
        order_Z[following[slot_Z[z]]] = z
        following[slot_Z[z]] += 1
    return rows[:n_rows], order_Z, starts


@njit(parallel=True, fastmath=IN_ORDER, cache=True)
def _catch_up(
    weight: Array,
    moments: Array,
    last_N: Array,
    rows_U: Array,
    now: int,
    moves_S4: Array,
    first_decay_S: Array,
    second_decay_S: Array,
    eps: Any,
) -> None:
    for u in prange(len(rows_U)):
        if u + AHEAD < len(rows_U):
            prefetch_row(weight, rows_U[u + AHEAD])
            prefetch_row(moments, rows_U[u + AHEAD])
        row = rows_U[u]
        steps = now - last_N[row]
        if steps > 0:
            moves = moves_S4[last_N[row]]
            d0, d1, d2, d3 = np.float32(moves[0]), np.float32(moves[1]), np.float32(moves[2]), np.float32(moves[3])
            first_decay, second_decay = first_decay_S[steps], second_decay_S[steps]
            for k in range(weight.shape[1]):
                root = np.sqrt(moments[row, 1, k])
                inverse = np.float32(1) / (root + eps)
                share = root * inverse
                weight[row, k] -= moments[row, 0, k] * inverse * (d0 + share * (d1 + share * (d2 + share * d3)))
                moments[row, 0, k] *= first_decay
                moments[row, 1, k] *= second_decay


@njit(parallel=True, fastmath=IN_ORDER, cache=True)
def _update(
    weight: Array,
    moments: Array,
    rows_U: Array,
    order_Z: Array,
    starts_U: Array,
    gradient_ZK: Array,
    rate: Any,
    eps: Any,
    beta_1: Any,
    rest_1: Any,
    beta_2: Any,
    rest_2: Any,
) -> None:
    for u in prange(len(rows_U)):
        if u + AHEAD < len(rows_U):
            prefetch_row(weight, rows_U[u + AHEAD])
            prefetch_row(moments, rows_U[u + AHEAD])
            prefetch_row(gradient_ZK, order_Z[starts_U[u + AHEAD]])
        row, head = rows_U[u], order_Z[starts_U[u]]
        for place in range(starts_U[u] + 1, starts_U[u + 1]):
            if place + AHEAD < len(order_Z):
                prefetch_row(gradient_ZK, order_Z[place + AHEAD])
            other = order_Z[place]
            for k in range(weight.shape[1]):
                gradient_ZK[head, k] += gradient_ZK[other, k]
        for k in range(weight.shape[1]):
            gradient = gradient_ZK[head, k]
            m = beta_1 * moments[row, 0, k] + rest_1 * gradient
            v = beta_2 * moments[row, 1, k] + rest_2 * gradient * gradient
            moments[row, 0, k] = m
            moments[row, 1, k] = v
            weight[row, k] -= rate * m / (np.sqrt(v) + eps)


@njit(parallel=True, fastmath=IN_ORDER, cache=True)
def _add(buffer_NK: Array, rows_U: Array, order_Z: Array, starts_U: Array, gradient_ZK: Array) -> None:
    for u in prange(len(rows_U)):
        row = rows_U[u]
        for place in range(starts_U[u], starts_U[u + 1]):
            read = order_Z[place]
            for k in range(buffer_NK.shape[1]):
                buffer_NK[row, k] += gradient_ZK[read, k]
