"""What a table optimizer does to chosen rows, in plain torch: the reference, and the fallback without numba.

Shapes: N rows of a table, K its width, Z reads of a batch, U different rows among them, S steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from autofis_kedro.data.reads import Reads, RowGradient

CHUNK_ROWS = 65_536
"""Rows brought up to date at once, so that intermediate tensors stay small beside the table."""


@dataclass(frozen=True)
class TableState:
    """A table [N, K] and Adam's moments of it, changed in place.

    A row's first and second moment lie side by side, [N, 2, K]: they are always read together, and far from the rows
    that a batch reads beside them.
    """

    weight: Tensor
    moments: Tensor


@dataclass(frozen=True)
class Skipped:
    """What zero-gradient steps do to a row that was last up to date at step s (see ``DeferredAdam``).

    Attributes:
        now: the step that rows shall reach.
        moves: of each table, sums for the weights by s, float64: [S, 4].
        first_decay_S: factor on the first moment after a number of steps: float32.
        second_decay_S: likewise on the second.
        eps_hat: Adam's.
    """

    now: int
    moves: Sequence[Tensor]
    first_decay_S: Tensor
    second_decay_S: Tensor
    eps_hat: float


@dataclass(frozen=True)
class AdamStep:
    """Numbers of one Adam step.

    Attributes:
        now: number of the step since the last flush.
        rates: of each table, with the bias corrections.
    """

    now: int
    rates: Sequence[float]
    beta_1: float
    beta_2: float
    eps_hat: float


class RowKernels(Protocol):
    """The three things that are done to rows; of all tables at once, for a row of each lies far from the last."""

    def group(self, ids_Z: Tensor, n_rows: int) -> Reads:
        """Group reads by row."""

    def catch_up(self, tables: Sequence[TableState], last_N: Tensor, rows_U: Tensor, skipped: Skipped) -> None:
        """Apply the zero-gradient steps that rows have skipped since ``last_N``, which becomes ``skipped.now``."""

    def update(
        self,
        tables: Sequence[TableState],
        last_N: Tensor,
        reads: Reads,
        gradients: Sequence[RowGradient],
        step: AdamStep,
    ) -> None:
        """Sum each row's gradients and make one Adam step of it; may overwrite the gradients."""


class TorchKernels:
    """Plain torch, on any device."""

    def group(self, ids_Z: Tensor, n_rows: int) -> Reads:
        """Group reads by row, rows ascending."""
        rows_U, counts_U = torch.unique(ids_Z, return_counts=True)
        order_Z = torch.argsort(ids_Z, stable=True)
        return Reads(rows_U, order_Z, torch.nn.functional.pad(counts_U.cumsum(0), (1, 0)))

    def catch_up(self, tables: Sequence[TableState], last_N: Tensor, rows_U: Tensor, skipped: Skipped) -> None:
        """Apply skipped zero-gradient steps to rows."""
        for start in range(0, len(rows_U), CHUNK_ROWS):
            rows = rows_U[start : start + CHUNK_ROWS].long()
            for table, moves_S4 in zip(tables, skipped.moves, strict=True):
                _catch_up(table, rows, last_N[rows].long(), moves_S4, skipped)
            last_N[rows] = skipped.now

    def update(
        self,
        tables: Sequence[TableState],
        last_N: Tensor,
        reads: Reads,
        gradients: Sequence[RowGradient],
        step: AdamStep,
    ) -> None:
        """One Adam step of the rows read."""
        rows = reads.rows_U.long()
        owner_Z = torch.repeat_interleave(torch.diff(reads.starts_U))
        for table, gradient, rate in zip(tables, gradients, step.rates, strict=True):
            gradient_UK = table.weight.new_zeros(len(rows), table.weight.shape[1])
            if gradient.of_rows_UK is not None:
                gradient_UK += gradient.of_rows_UK
            if gradient.of_reads_ZK is not None:
                gradient_UK.index_add_(0, owner_Z, gradient.of_reads_ZK[reads.order_Z])
            m, v = table.moments[rows].unbind(1)
            m = step.beta_1 * m + (1 - step.beta_1) * gradient_UK
            v = step.beta_2 * v + (1 - step.beta_2) * gradient_UK.square()
            table.moments[rows] = torch.stack([m, v], dim=1)
            table.weight[rows] -= rate * m / (v.sqrt() + step.eps_hat)
        last_N[rows] = step.now


def _catch_up(table: TableState, rows: Tensor, last: Tensor, moves_S4: Tensor, skipped: Skipped) -> None:
    m, v = table.moments[rows].unbind(1)
    root = v.sqrt()
    inverse = 1 / (root + skipped.eps_hat)
    share = root * inverse
    d0, d1, d2, d3 = moves_S4[last].to(m.dtype).T[:, :, None]
    table.weight[rows] -= m * inverse * (d0 + share * (d1 + share * (d2 + share * d3)))
    steps = skipped.now - last
    decays = torch.stack([skipped.first_decay_S[steps], skipped.second_decay_S[steps]], dim=1)
    table.moments[rows] *= decays[:, :, None]
