"""The test's moments against the matrices over rows that define them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from autofis_kedro.evidence import kernels
from autofis_kedro.evidence.base import Base, fit_base, terms_of
from autofis_kedro.evidence.cells import Cells
from autofis_kedro.evidence.columns import Columns
from autofis_kedro.evidence.kernels import dense, drawn, independent, score_test
from autofis_kedro.evidence.score import SHRINKAGE, judged
from autofis_kedro.evidence.small_side import small_side
from autofis_kedro.evidence.testing import ScoreTester
from tests.evidence.logs import draw


def fitted(columns: Columns) -> Base:
    return fit_base(terms_of(columns), columns.labels_N)


def cells_of(columns: Columns, fields: tuple[int, ...] = (0, 1)) -> Cells:
    return ScoreTester(columns, fitted(columns)).cells(fields)


def by_rows(columns: Columns, base: Base, fields: tuple[int, ...]) -> tuple[float, float, float]:
    """Q, its variance and its third cumulant from the N x N kernel over the rows that share their joint value."""
    key = np.unique(np.stack([columns.values_F[f] for f in fields], axis=1), axis=0, return_inverse=True)[1].ravel()
    used = np.bincount(key)[key] >= 2
    cell = np.unique(key[used], return_inverse=True)[1]
    p, y = base.p_N[used], columns.labels_N[used]
    h, g = p * (1 - p), y - p
    Z = np.eye(cell.max() + 1)[cell]
    values = [[columns.values_F[f][used] for f in part] for part in combinations(fields, len(fields) - 1)]
    margins = [np.unique(np.stack(v, axis=1), axis=0, return_inverse=True)[1].ravel() for v in values]
    X = np.concatenate([np.eye(m.max() + 1)[m] for m in margins], axis=1)
    H = np.diag(h)
    projected = np.eye(len(h)) - H @ X @ np.linalg.pinv(X.T @ H @ X, rcond=1e-10) @ X.T  # rows without margins
    weight = np.diag(1.0 / (Z.T @ h + SHRINKAGE))
    M = projected.T @ Z @ weight @ Z.T @ projected
    leverage = np.zeros(len(h))
    for f in fields:
        value = columns.values_F[f]
        leverage += 1.0 / (base.curvatures[f][value] + base.ridges[f])[used]
    diagonal = np.diag(M)
    q = g @ M @ g - diagonal @ (g**2 + h**2 * leverage)
    off = M - np.diag(diagonal)
    third = h * (1 - 2 * p)
    same = cell[:, None] == cell[None, :]
    scaled = off * np.sqrt(h)[:, None] * np.sqrt(h)[None, :]
    cubes = 8.0 * np.trace(scaled @ scaled @ scaled) + 4.0 * (third @ (off**3 * same) @ third)
    return q, 2.0 * np.sum(scaled**2), cubes


@pytest.mark.parametrize("copy_of", [None, 0])
def test_the_dense_form_is_the_kernel_over_rows(copy_of: int | None) -> None:
    columns = draw(1, 400, (9, 6, 7), copy_of=copy_of)
    base = fitted(columns)
    for fields in ((0, 1), (0, 2), (0, 1, 2)):
        cells = ScoreTester(columns, base).cells(fields)
        score = judged(cells, dense(cells))
        q, variance, cubes = by_rows(columns, base, fields)
        found = (score.q, score.variance, score.skewness * score.variance**1.5)
        # sums of at most N^2 products of float64, through a pseudo-inverse of condition 1e3 at most
        assert found == pytest.approx((q, variance, cubes), rel=400**2 * 1e3 * np.finfo(float).eps, abs=1e-9)


@pytest.mark.parametrize("copy_of", [None, 0])
def test_the_form_of_a_small_side_is_the_dense_one(copy_of: int | None) -> None:
    cells = cells_of(draw(2, 3000, (40, 12), copy_of=copy_of))
    exact, found = dense(cells), small_side(cells)
    for name in ("score_C", "diagonal_C", "sandwich_C"):
        assert getattr(found, name) == pytest.approx(getattr(exact, name), rel=1e-7, abs=1e-9)
    assert (found.square_trace, found.cube_trace) == pytest.approx((exact.square_trace, exact.cube_trace), rel=1e-9)


def test_independent_margins_need_no_matrix() -> None:
    cells = cells_of(draw(3, 20_000, (60, 40)))
    exact, found = judged(cells, dense(cells)), judged(cells, independent(cells))
    # what is neglected are products of two shares H / H_m: about 1 / sqrt(A B) of the terms that are kept
    assert found.variance == pytest.approx(exact.variance, rel=0.1)
    assert found.z == pytest.approx(exact.z, abs=0.25)


@pytest.mark.parametrize("fields", [(0, 1), (0, 1, 2)])
def test_draws_estimate_the_exact_moments(fields: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "DRAWS", 2000)
    cells = cells_of(draw(4, 2000, (12, 8, 6), copy_of=0), fields)
    exact, found = judged(cells, dense(cells)), judged(cells, drawn(cells, np.random.default_rng(0)))
    # the mean of R draws is off by its own noise, a part of what one draw of 20 would be
    assert found.z == pytest.approx(exact.z, abs=0.15)
    # margins that overlap are taken out in turn: a few percent of a triple's are left after the rounds that are spent
    assert found.variance == pytest.approx(exact.variance, rel=0.2)


def test_without_a_degree_of_freedom_nothing_is_seen() -> None:
    rng = np.random.default_rng(5)
    value = rng.integers(0, 30, 500)
    columns = Columns.of_arrays(np.stack([value, value % 7], axis=1), rng.random(500) < 0.3, ["user", "town"])
    assert score_test(cells_of(columns)).p == 1.0


def test_false_alarms_are_as_rare_as_said() -> None:
    p = []
    for seed in range(12):
        columns = draw(seed, 3000, (6, 9, 15, 40, 90), intercept=-1.5 if seed % 2 else -3.5, copy_of=3)
        p += [
            score.p for score in ScoreTester(columns, fitted(columns)).scores(list(combinations(range(5), 2))).values()
        ]
    few, many = np.mean(np.array(p) < 0.05), len(p)
    # 120 tests, three standard deviations of a binomial share above .05
    assert few <= 0.05 + 3 * (0.05 * 0.95 / many) ** 0.5
    assert min(p) > 1e-4
