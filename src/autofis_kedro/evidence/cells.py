"""Joint values of two or three fields as cells: what the test needs of the rows of each.

Shapes: N rows, C cells of at least two rows, M margins (the fields of a pair, the pairs of a triple).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autofis_kedro.evidence import cells_numba as loops
from autofis_kedro.evidence.columns import Float, Int32


@dataclass(frozen=True)
class Margin:
    """One of the lower-order effects that a test takes out.

    Attributes:
        id_C: which value of the margin each cell belongs to.
        size: number of values.
    """

    id_C: Int32
    size: int


@dataclass(frozen=True)
class Cells:
    """Cells of at least two rows, and their margins.

    Attributes:
        sums_C7: [C, 7] rows, G, H, sums of g^2, h^2, h^3 and h (1 - 2p) (``cells_numba``).
        margins: the lower-order effects.
        share_alone: share of the rows that have their joint value to themselves.
        dependence: Cramer's V of the two margins, corrected for bias, 0 (independent) to 1 (a copy).
        leverage_C: what of a row's variance the fields' estimated effects take: the sum of 1 / (H of all rows of a
            field's value + lambda) over the fields.
    """

    sums_C7: Float
    margins: tuple[Margin, ...]
    share_alone: float
    dependence: float
    leverage_C: Float

    @property
    def n_cells(self) -> int:
        """C."""
        return len(self.sums_C7)

    @property
    def ids_MC(self) -> Int32:
        """Which margin values each cell has."""
        return np.stack([margin.id_C for margin in self.margins])

    @property
    def sizes_M(self) -> NDArray[np.int64]:
        """Values of each margin."""
        return np.array([margin.size for margin in self.margins], dtype=np.int64)


@dataclass(frozen=True)
class Ordered:
    """Rows in the order of one variable's values: made once for all the cells that it is the outer side of.

    Attributes:
        order_N: row numbers.
        start: where each value begins, [size + 1].
        p_N: probabilities, in that order.
        labels_N: labels, in that order.
    """

    order_N: NDArray[np.int64]
    start: NDArray[np.int64]
    p_N: Float
    labels_N: Float

    @classmethod
    def by(cls, id_N: Int32, size: int, p_N: Float, labels_N: Float) -> Ordered:
        """Sort the rows."""
        order_N, start = loops.order_by(id_N, size)
        return cls(order_N, start, p_N[order_N], labels_N[order_N])


@dataclass(frozen=True)
class RawCells:
    """Cells before anything is said of their margins.

    Attributes:
        outer_C: value of the outer variable.
        inner_C: value of the inner one.
        sums_C7: as in ``Cells``.
        share_alone: as in ``Cells``.
        dependence: as in ``Cells``.
    """

    outer_C: Int32
    inner_C: Int32
    sums_C7: Float
    share_alone: float
    dependence: float


def add_up(outer: Ordered, inner_N: Int32, n_inner: int) -> RawCells:
    """Cells of two variables, sorted by the outer one's values."""
    n_rows, n_outer = len(inner_N), len(outer.start) - 1
    capacity = min(n_rows // 2, n_outer * n_inner)
    outer_C, inner_C = np.empty(capacity, np.int32), np.empty(capacity, np.int32)
    sums_C7 = np.empty((capacity, loops.N_SUMS))
    inner = inner_N[outer.order_N]
    n_cells, alone, dependence = loops.add_cells(
        outer.start, inner, outer.p_N, outer.labels_N, n_inner, outer_C, inner_C, sums_C7
    )
    return RawCells(
        outer_C[:n_cells].copy(),
        inner_C[:n_cells].copy(),
        sums_C7[:n_cells].copy(),
        alone / n_rows,
        cramers_v(dependence, n_outer, n_inner, n_rows),
    )


def cramers_v(dependence: float, n_outer: int, n_inner: int, n_rows: int) -> float:
    """Cramer's V from the sum of n_ab^2 / (n_a n_b), with the correction of Bergsma (2013)."""
    squared = max(0.0, dependence - 1.0 - (n_outer - 1) * (n_inner - 1) / max(n_rows - 1, 1))
    sides = [size - (size - 1) ** 2 / max(n_rows - 1, 1) for size in (n_outer, n_inner)]
    return float(np.sqrt(min(1.0, squared / max(min(sides) - 1.0, 1e-9))))
