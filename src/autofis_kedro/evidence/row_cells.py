"""The joint value of every row: what the gain and the meaning read, which go row by row.

Shapes: N rows, C cells of at least two rows, M margins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autofis_kedro.evidence import cells_numba, gain_numba
from autofis_kedro.evidence.base import cross
from autofis_kedro.evidence.columns import Columns, Float, Int32
from autofis_kedro.evidence.testing import Fields, margins_of, outer_of, values_of


@dataclass(frozen=True)
class RowCells:
    """Rows in the order of a tuple's outer side, and their cells.

    Attributes:
        order_N: row numbers.
        cell_N: the cell of each row in that order; -1 where a row has its joint value to itself.
        value_FC: number of each field's value, in the order of the tuple.
        ids_MC: values of the margins.
        sizes_M: of the margins.
    """

    order_N: NDArray[np.int64]
    cell_N: NDArray[np.int64]
    value_FC: Int32
    ids_MC: Int32
    sizes_M: NDArray[np.int64]

    @property
    def n_cells(self) -> int:
        """C."""
        return int(self.value_FC.shape[1])

    def remove_margins(self, value_C: Float, curvature_C: Float, rounds: int) -> None:
        """Take the lower-order effects out of a cell value, in place."""
        cells_numba.remove_margins(value_C, curvature_C, self.ids_MC, self.sizes_M, rounds)


def row_cells(columns: Columns, fields: Fields) -> RowCells:
    """The cells of a pair or a triple."""
    outer = outer_of(fields, columns.sizes)
    (inner,) = set(fields) - set(outer)
    term = cross(columns, outer)
    order_N, start = cells_numba.order_by(term.id_N, term.size)
    inner_N = columns.values_F[inner][order_N]
    cell_N, outer_C, inner_C = gain_numba.fold_cells(start, inner_N, columns.sizes[inner], columns.n_rows // 2)
    ids = values_of(columns, outer, inner, term.id_N, term.size, outer_C, inner_C)
    margins = margins_of(outer_C, ids, columns.sizes[inner])
    by_field = dict(zip((*outer, inner), ids, strict=True))
    return RowCells(
        order_N,
        cell_N,
        np.stack([by_field[field] for field in fields]),
        np.stack([margin.id_C for margin in margins]),
        np.array([margin.size for margin in margins], dtype=np.int64),
    )
