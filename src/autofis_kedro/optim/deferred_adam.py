"""Dense Adam for embedding tables at the cost of the rows that a batch touches.

Dense Adam moves every row at every step: a row without a gradient still follows its momentum. Here those steps are
applied when the row is next read, all at once, in closed form.

Shapes: N rows of a table, K its width, Z reads of a batch, S steps since the last flush.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from autofis_kedro.compiled import is_compiled
from autofis_kedro.data.reads import Reads, RowGradient
from autofis_kedro.optim.huge_pages import zeros_in_huge_pages
from autofis_kedro.optim.row_kernels import AdamStep, RowKernels, Skipped, TableState, TorchKernels

TERMS = 4
"""Of the series in ``DeferredAdam``; with the usual betas the error is below float32's rounding."""
NEGLIGIBLE = 1e-20
"""A decay below this is taken as 0: no denormal numbers, which are slow."""


class DeferredAdam:
    """Adam in the epsilon-hat form (``EpsilonHatAdam``) for tables that share their row numbers.

    A row up to date at step s with moments m, v moves in the zero-gradient steps s+1 .. T by::

        sum_j  rate[s+j] * b1**j * m / (q**j * sqrt(v) + eps),    j = 1 .. T-s,   q = sqrt(b2)

    With a = sqrt(v), h = a / (a + eps) the denominator is (a + eps) * (1 - h * (1 - q**j)), and where b1**j counts,
    1 - q**j is small (0.005 at j = 10). So the sum is ``m / (a + eps) * (D0 + h*D1 + h**2*D2 + h**3*D3)`` with
    ``Dk[s] = sum_j rate[s+j] * b1**j * (1 - q**j)**k``, four numbers per step that all rows share.

    Call ``begin`` with the reads of a batch before they are made, ``step`` after the backward pass, ``flush`` before
    whatever reads other rows.

    Args:
        tables: [N, K] each, changed in place.
        rates: learning rate of each.
        lazy: never move rows without a gradient. This is another algorithm than Adam, not an approximation of it.
        kernels: what does the work; numba's for float32 on the CPU where numba is installed.
    """

    def __init__(
        self,
        tables: Sequence[Tensor],
        rates: Sequence[float],
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps_hat: float = 1e-8,
        lazy: bool = False,
        kernels: RowKernels | None = None,
    ) -> None:
        self.rates = list(rates)
        self.betas, self.eps_hat, self.lazy = betas, eps_hat, lazy
        self._kernels = kernels or kernels_for(tables[0])
        weights = [table.detach() for table in tables]
        self._tables = [TableState(w, _moments_for(w)) for w in weights]
        self._last_N = torch.zeros(len(weights[0]), dtype=torch.int32, device=weights[0].device)
        self._t, self._since_flush = 0, 0
        self._decays = _Decays(betas, weights[0].device)
        self._moves = [self._decays.empty_moves() for _ in tables]
        self._reads: Reads | None = None

    @torch.no_grad()
    def begin(self, ids_Z: Tensor) -> Reads:
        """Bring the rows that a batch reads up to date.

        Returns:
            The reads, grouped by row.
        """
        self._reads = self._kernels.group(ids_Z, len(self._last_N))
        self._catch_up(self._reads.rows_U)
        return self._reads

    @torch.no_grad()
    def step(self, gradients: Sequence[RowGradient]) -> None:
        """One step.

        Args:
            gradients: of the rows that the reads given to ``begin`` read, for each table. May be overwritten.
        """
        assert self._reads is not None, "step before begin"
        self._t += 1
        self._since_flush += 1
        correction = math.sqrt(1 - self.betas[1] ** self._t) / (1 - self.betas[0] ** self._t)
        rates = [rate * correction for rate in self.rates]
        step = AdamStep(self._since_flush, rates, *self.betas, self.eps_hat)
        self._kernels.update(self._tables, self._last_N, self._reads, gradients, step)
        for place, rate in enumerate(rates):
            self._moves[place] = self._decays.add_step(self._moves[place], self._since_flush, rate)
        self._reads = None

    @torch.no_grad()
    def flush(self) -> None:
        """Bring every row up to date."""
        if self._since_flush:
            self._catch_up((self._last_N < self._since_flush).nonzero()[:, 0].int())
            self._last_N.zero_()
            self._since_flush = 0
            self._moves = [self._decays.empty_moves() for _ in self._tables]

    def _catch_up(self, rows_U: Tensor) -> None:
        if self.lazy:
            return
        decays = self._decays.factors(self._since_flush)
        skipped = Skipped(self._since_flush, self._moves, *decays, self.eps_hat)
        self._kernels.catch_up(self._tables, self._last_N, rows_U, skipped)

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint must hold beside the weights and the rates."""
        found = {"last": self._last_N, "steps": torch.tensor([self._t, self._since_flush])}
        for place, (table, moves) in enumerate(zip(self._tables, self._moves, strict=True)):
            found[f"{place}/moments"] = table.moments
            found[f"{place}/moves"] = moves[: self._since_flush + 1]
        return found

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Put back what ``tensors`` gave."""
        self._last_N.copy_(tensors["last"])
        self._t, self._since_flush = (int(number) for number in tensors["steps"])
        for place, table in enumerate(self._tables):
            table.moments.copy_(tensors[f"{place}/moments"])
            self._moves[place] = tensors[f"{place}/moves"].to(table.weight.device)


def _moments_for(weight: Tensor) -> Tensor:
    shape = (len(weight), 2, weight.shape[1])
    is_plain = weight.device.type == "cpu" and weight.dtype == torch.float32
    return zeros_in_huge_pages(*shape) if is_plain else weight.new_zeros(shape)


class _Decays:
    """Powers of the betas, and the sums Dk by step (``DeferredAdam``)."""

    def __init__(self, betas: tuple[float, float], device: torch.device) -> None:
        self._betas, self._device = betas, device
        window = max(1, math.ceil(math.log(1e-14) / math.log(betas[0]))) if betas[0] else 1
        j = np.arange(window, 0, -1)[:, None]
        terms = betas[0] ** j * (1 - betas[1] ** (j / 2)) ** np.arange(TERMS)
        self._terms_W4 = torch.from_numpy(terms).to(device)
        self._factors = self._powers(1024)

    def empty_moves(self) -> Tensor:
        """Room for the sums of the first steps: [S, 4]."""
        return torch.zeros(1024, TERMS, dtype=torch.float64, device=self._device)

    def add_step(self, moves_S4: Tensor, step: int, rate: float) -> Tensor:
        """Add step number ``step`` to the sums of all steps before it; those far before it no longer change."""
        if step >= len(moves_S4):
            moves_S4 = torch.cat([moves_S4, torch.zeros_like(moves_S4)])
        window = min(step, len(self._terms_W4))
        moves_S4[step - window : step].add_(self._terms_W4[-window:], alpha=rate)
        return moves_S4

    def factors(self, steps: int) -> tuple[Tensor, Tensor]:
        """Decay of the first and of the second moment after 0 .. ``steps`` steps: float32."""
        while steps >= len(self._factors[0]):
            self._factors = self._powers(2 * len(self._factors[0]))
        return self._factors

    def _powers(self, n: int) -> tuple[Tensor, Tensor]:
        powers = (np.power(beta, np.arange(n), dtype=np.float64) for beta in self._betas)
        first, second = (np.where(power < NEGLIGIBLE, 0, power).astype(np.float32) for power in powers)
        return torch.from_numpy(first).to(self._device), torch.from_numpy(second).to(self._device)


def kernels_for(table: Tensor) -> RowKernels:
    """numba's kernels where they serve, else torch's."""
    if not is_compiled(table):
        return TorchKernels()
    from autofis_kedro.optim.row_kernels_numba import NumbaKernels  # importing numba takes half a second

    return NumbaKernels()
