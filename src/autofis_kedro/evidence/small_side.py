"""Exact moments of a pair's kernel where one field has few values: by the Schur complement of its margin.

With H_a taken out exactly, the projection is P_cc' = [a = a'] / H_a + r_c S^- r_c', where r_c = e_b - n_a (n_a: the
shares of the inner values within a) and S the Schur complement, B x B. Every moment of T follows from tables over
A x B and matrices B x B.

Letters: A values of the larger field, B of the smaller; T, w, x, d as in ``score``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from autofis_kedro.evidence import cells_numba as loops
from autofis_kedro.evidence.cells import Cells
from autofis_kedro.evidence.columns import Float, Int32
from autofis_kedro.evidence.score import Moments, weights_of

SMALL_SIDE = 64
LARGEST_TABLE = 2_000_000
"""Numbers of an A x B table."""


def fits_small_side(cells: Cells) -> bool:
    """Whether the exact form's tables are small enough."""
    small, large = sorted(margin.size for margin in cells.margins)
    return small <= SMALL_SIDE and small * large <= LARGEST_TABLE


@dataclass(frozen=True)
class _Projection:
    """P of a pair.

    Attributes:
        a_C: value of the larger field.
        b_C: value of the smaller one.
        H_A: sums of H; 1 where no cell is.
        share_AB: n_a.
        inverse_BB: S^-.
    """

    a_C: Int32
    b_C: Int32
    H_A: Float
    share_AB: Float
    inverse_BB: Float

    def table(self, value_C: Float) -> Float:
        """A cell value as a table [A, B]."""
        table_AB = np.zeros(self.share_AB.shape)
        table_AB[self.a_C, self.b_C] = value_C
        return table_AB

    def quadratic(self, matrix_BB: Float) -> Float:
        """r_c' Z r_c of each cell, Z symmetric."""
        product_AB = self.share_AB @ matrix_BB
        own_A = (product_AB * self.share_AB).sum(axis=1)
        found: Float = np.diag(matrix_BB)[self.b_C] - 2.0 * product_AB[self.a_C, self.b_C] + own_A[self.a_C]
        return found

    def bilinear(self, q_AB: Float, matrix_BB: Float) -> Float:
        """q_a' Z r_c of each cell."""
        product_AB = q_AB @ matrix_BB
        own_A = (product_AB * self.share_AB).sum(axis=1)
        found: Float = product_AB[self.a_C, self.b_C] - own_A[self.a_C]
        return found

    def weighted(self, value_C: Float) -> tuple[Float, Float, Float]:
        """Of a cell weight x: S_a = sum x, q_a = sum x r, R = sum x r r'."""
        table_AB = self.table(value_C)
        S_A = table_AB.sum(axis=1)
        q_AB = table_AB - S_A[:, None] * self.share_AB
        crossed_BB = self.share_AB.T @ table_AB
        R_BB = np.diag(table_AB.sum(axis=0)) - crossed_BB - crossed_BB.T
        R_BB += self.share_AB.T @ (S_A[:, None] * self.share_AB)
        return S_A, q_AB, R_BB

    def between(self, S_A: Float, q_AB: Float, R_BB: Float) -> Float:
        """(P X P)_cc of each cell."""
        H_C = self.H_A[self.a_C]
        bent_BB = self.inverse_BB @ R_BB @ self.inverse_BB
        return S_A[self.a_C] / H_C**2 + 2.0 / H_C * self.bilinear(q_AB, self.inverse_BB) + self.quadratic(bent_BB)


def _project(cells: Cells) -> _Projection:
    inner, outer = sorted(cells.margins, key=lambda margin: margin.size)
    H_AB = np.zeros((outer.size, inner.size))
    H_AB[outer.id_C, inner.id_C] = cells.sums_C7[:, loops.H]
    H_A = H_AB.sum(axis=1)
    H_A[H_A == 0] = 1.0
    share_AB = H_AB / H_A[:, None]
    schur_BB = np.diag(H_AB.sum(axis=0)) - H_AB.T @ share_AB
    inverse_BB = np.linalg.pinv(schur_BB, rcond=1e-10, hermitian=True)
    return _Projection(outer.id_C, inner.id_C, H_A, share_AB, inverse_BB)


def small_side(cells: Cells) -> Moments:
    """All moments, exact but for the kernel between different cells in the third moment's last term."""
    made = _project(cells)
    H_C, w_C = cells.sums_C7[:, loops.H], weights_of(cells)
    x_C, d_C = w_C * H_C**2, w_C * H_C
    H_a = made.H_A[made.a_C]
    S_A, q_AB, R_BB = made.weighted(x_C)
    own_C = x_C * (1.0 / H_a + made.quadratic(made.inverse_BB))  # U_cc
    between_C = made.between(S_A, q_AB, R_BB)
    square_C = d_C**2 - 2.0 * d_C * own_C + x_C * between_C
    through_C = x_C * made.between(*made.weighted(x_C * d_C))  # (U D U)_cc
    cube_C = d_C**3 - 3.0 * d_C**2 * own_C + 2.0 * d_C * x_C * between_C + through_C
    cube_C -= x_C * _twice_between(made, S_A, q_AB, R_BB)
    to_rows_C = 1.0 / x_C
    score_C = _without_margins(made, cells.sums_C7[:, loops.G], H_C)
    return Moments(score_C, square_C * to_rows_C, float(square_C.sum()), float(cube_C.sum()), cube_C * to_rows_C)


def _twice_between(made: _Projection, S_A: Float, q_AB: Float, R_BB: Float) -> Float:
    """(P X P X P)_cc of each cell."""
    Z, H_A, a_C = made.inverse_BB, made.H_A, made.a_C
    H_C, S_C = H_A[a_C], S_A[a_C]
    bent_BB = Z @ R_BB @ Z
    theta_BB = q_AB.T @ (q_AB / H_A[:, None])
    q_own_A = ((q_AB @ Z) * q_AB).sum(axis=1)
    far_BB = Z @ theta_BB @ Z + bent_BB @ R_BB @ Z
    found: Float = (
        S_C**2 / H_C**3
        + 2.0 * S_C / H_C**2 * made.bilinear(q_AB, Z)
        + q_own_A[a_C] / H_C**2
        + 2.0 / H_C * made.bilinear(q_AB, bent_BB)
        + made.quadratic((far_BB + far_BB.T) / 2.0)
    )
    return found


def _without_margins(made: _Projection, G_C: Float, H_C: Float) -> Float:
    """G~ = G - H (alpha_a + beta_b), solved exactly."""
    G_AB = made.table(G_C)
    G_A = G_AB.sum(axis=1)
    beta_B = made.inverse_BB @ (G_AB.sum(axis=0) - made.share_AB.T @ G_A)
    alpha_A = G_A / made.H_A - made.share_AB @ beta_B
    without_C: Float = G_C - H_C * (alpha_A[made.a_C] + beta_B[made.b_C])
    return without_C
