"""Moments of the test's kernel: exact where a matrix is small, else by its structure or by random draws.

Letters: C cells, M margins, V values of all margins together, R draws; T, w, x, d, P as in ``score``.
"""

from __future__ import annotations

import numpy as np

from autofis_kedro.evidence import cells_numba as loops
from autofis_kedro.evidence.cells import Cells
from autofis_kedro.evidence.columns import Float
from autofis_kedro.evidence.score import Moments, Score, judged, nothing, weights_of
from autofis_kedro.evidence.small_side import fits_small_side, small_side

DENSE_CELLS = 300
CORRELATED = 0.05
"""Cramer's V from which on the overlap of a pair's margins cannot be neglected."""
DRAWS = 20
ROUNDS = {2: 6, 3: 20}
"""Of taking out the margins in turn, by their number: the pairs of a triple overlap, those of a pair hardly."""


def score_test(cells: Cells, seed: int = 0) -> Score:
    """Whether a tuple's joint values say something beyond its margins, by the cheapest form that is right for them.

    Args:
        cells: of a pair or a triple.
        seed: of the draws, where the kernel's diagonal is estimated.
    """
    is_pair = len(cells.margins) == 2
    if cells.n_cells == 0 or (is_pair and cells.n_cells <= sum(len(np.unique(m.id_C)) for m in cells.margins) - 1):
        return nothing(cells)
    if cells.n_cells <= DENSE_CELLS:
        moments = dense(cells)
    elif is_pair and fits_small_side(cells):
        moments = small_side(cells)
    elif is_pair and cells.dependence <= CORRELATED:
        moments = independent(cells)
    else:
        moments = drawn(cells, np.random.default_rng(seed))
    return judged(cells, moments)


def dense(cells: Cells) -> Moments:
    """Every number of the kernel: C x C, exact."""
    H_C, w_C = cells.sums_C7[:, loops.H], weights_of(cells)
    design_CV = np.concatenate([np.eye(m.size)[m.id_C] for m in cells.margins], axis=1)
    scaled_CV = np.sqrt(H_C)[:, None] * design_CV
    left_CR, size_R, _ = np.linalg.svd(scaled_CV, full_matrices=False)
    basis_CR = left_CR[:, size_R > size_R.max() * 1e-10]
    # A = I - H P, with H P = H^1/2 (basis basis') H^-1/2
    root_C = np.sqrt(H_C)
    removed_CC = np.eye(len(H_C)) - root_C[:, None] * (basis_CR @ basis_CR.T) / root_C
    score_C = removed_CC @ cells.sums_C7[:, loops.G]
    kernel_CC = removed_CC.T @ (w_C[:, None] * removed_CC)
    weighted_CC = kernel_CC * H_C
    sandwich_CC = weighted_CC @ kernel_CC
    return Moments(
        score_C,
        np.diag(kernel_CC).copy(),
        float((weighted_CC * weighted_CC.T).sum()),
        float(((sandwich_CC * H_C) * weighted_CC.T).sum()),
        np.diag(sandwich_CC).copy(),
    )


def independent(cells: Cells) -> Moments:
    """Margins that hardly overlap: the projection is 1 - H/H_a - H/H_b, products of both neglected."""
    H_C, w_C = cells.sums_C7[:, loops.H], weights_of(cells)
    x_C = w_C * H_C**2
    of_margins = [loops.sum_by(margin.id_C, H_C, margin.size) for margin in cells.margins]
    left_MC = [1.0 - H_C / total[margin.id_C] for margin, total in zip(cells.margins, of_margins, strict=True)]
    f_C = np.prod(left_MC, axis=0)
    d_C = w_C * H_C * f_C
    diagonal_C = w_C * f_C**2
    square, cube = float((d_C**2).sum()), float((d_C**3).sum())
    for place, margin in enumerate(cells.margins):
        H_V = of_margins[place]
        S_V = loops.sum_by(margin.id_C, x_C, margin.size)
        S_C, H_m = S_V[margin.id_C], H_V[margin.id_C]
        diagonal_C = diagonal_C + (S_C - x_C) / H_m**2 * left_MC[1 - place] ** 2
        is_there = H_V > 0
        S, H = S_V[is_there], H_V[is_there]
        x2, x3 = (loops.sum_by(margin.id_C, x_C**power, margin.size)[is_there] for power in (2, 3))
        square += float(((S**2 - x2) / H**2).sum())
        cube += 3.0 * float(((S_C * d_C * x_C - d_C * x_C**2) / H_m**2).sum())
        cube -= float(((S**3 - 3.0 * S * x2 + 2.0 * x3) / H**3).sum())
    return Moments(without_margins(cells), diagonal_C, square, cube, d_C * w_C * f_C)


def without_margins(cells: Cells) -> Float:
    """G~: the cells' sums of y - p with every margin taken out."""
    score_C = cells.sums_C7[:, loops.G].copy()
    loops.remove_margins(score_C, cells.sums_C7[:, loops.H], cells.ids_MC, cells.sizes_M, ROUNDS[len(cells.margins)])
    return score_C


def drawn(cells: Cells, rng: np.random.Generator) -> Moments:
    """Diagonal and traces from random signs (Hutchinson 1990), projected at cell level."""
    H_C, w_C = np.ascontiguousarray(cells.sums_C7[:, loops.H]), weights_of(cells)
    root_C = np.sqrt(w_C)
    ids_MC, sizes_M = cells.ids_MC, cells.sizes_M
    own_C = cells.sums_C7[:, loops.G2] + cells.sums_C7[:, loops.H2] * cells.leverage_C

    def apply(value_C: Float) -> Float:
        moved_C = H_C * root_C * value_C
        loops.remove_margins(moved_C, H_C, ids_MC, sizes_M, ROUNDS[len(ids_MC)])
        return root_C * moved_C

    square_C, cube_C = np.zeros(cells.n_cells), np.zeros(cells.n_cells)
    squares, cubes, estimates = [], [], []
    to_rows_C = 1.0 / (w_C * H_C**2)
    for _ in range(DRAWS):
        sign_C = rng.choice([-1.0, 1.0], size=cells.n_cells)
        once_C = apply(sign_C)
        twice_C = apply(once_C)
        square_C += sign_C * twice_C / DRAWS
        cube_C += sign_C * apply(twice_C) / DRAWS
        squares.append(float(once_C @ once_C))
        cubes.append(float(once_C @ twice_C))
        estimates.append(float((sign_C * twice_C * to_rows_C * own_C).sum()))
    noise = float(np.var(estimates, ddof=1)) / DRAWS
    return Moments(
        without_margins(cells),
        square_C * to_rows_C,
        float(np.mean(squares)),
        float(np.mean(cubes)),
        cube_C * to_rows_C,
        noise,
    )
