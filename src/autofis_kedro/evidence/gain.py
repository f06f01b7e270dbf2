"""What an interaction is worth: the log loss that its joint values save on rows that nothing was fitted on.

Each fold is predicted by the additive base of the other folds; a tuple's joint values then get the shrunken Newton step
that the other folds' rows ask for, the lower-order effects taken out of it.

Shapes: N rows, C cells, K folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autofis_kedro.evidence import gain_numba
from autofis_kedro.evidence.base import Term, fit_base, logits, terms_of
from autofis_kedro.evidence.columns import Columns, Float
from autofis_kedro.evidence.row_cells import row_cells
from autofis_kedro.evidence.testing import Fields

ROUNDS = 3
LEAST_RIDGE, LARGEST_RIDGE = 1.0, 300.0
LARGEST_STEP = 3.0


@dataclass(frozen=True)
class Gain:
    """Saved log loss.

    Attributes:
        per_1000_rows: nats saved over 1,000 rows, mean over all rows; negative where the joint values mislead.
        standard_error: of that mean.
    """

    per_1000_rows: float
    standard_error: float


@dataclass(frozen=True)
class OutOfFold:
    """Rows with the probability that the other folds give each.

    Attributes:
        columns: the rows.
        fold_N: 0 .. K - 1.
        p_N: out-of-fold probability by the base.
        n_folds: K.
    """

    columns: Columns
    fold_N: NDArray[np.int64]
    p_N: Float
    n_folds: int


def out_of_fold(columns: Columns, terms: Sequence[Term], n_folds: int, seed: int) -> OutOfFold:
    """Fit the terms once per fold, on the others' rows.

    Args:
        columns: the rows.
        terms: fields and crosses.
        n_folds: K; folds are drawn at random, of equal size.
        seed: of the draw.
    """
    fold_N = np.random.default_rng(seed).permutation(np.arange(columns.n_rows) % n_folds)
    p_N = np.empty(columns.n_rows)
    for fold in range(n_folds):
        is_out = fold_N == fold
        others = [Term(np.ascontiguousarray(term.id_N[~is_out]), term.size) for term in terms]
        base = fit_base(others, np.ascontiguousarray(columns.labels_N[~is_out]))
        p_N[is_out] = 1.0 / (1.0 + np.exp(-logits(base, [term.id_N[is_out] for term in terms])))
    return OutOfFold(columns, fold_N, np.clip(p_N, 1e-12, 1.0 - 1e-12), n_folds)


def gain_of(rows: OutOfFold, fields: Fields, effect_variance: float) -> Gain:
    """The gain of one pair or triple over the base.

    Args:
        rows: with out-of-fold probabilities.
        fields: positions.
        effect_variance: of the joint values' effects (``Score.effect_variance``): one over it is the ridge.
    """
    columns = rows.columns
    cells = row_cells(columns, fields)
    if not cells.n_cells:
        return Gain(0.0, 0.0)
    order_N = cells.order_N
    fold_N, p_N, labels_N = rows.fold_N[order_N], rows.p_N[order_N], columns.labels_N[order_N]
    G_KC, H_KC = gain_numba.fold_sums(cells.cell_N, fold_N, p_N, labels_N, cells.n_cells, rows.n_folds)
    ridge = float(np.clip(1.0 / max(effect_variance, 1e-12), LEAST_RIDGE, LARGEST_RIDGE))
    step_KC = np.empty_like(G_KC)
    for fold in range(rows.n_folds):
        G_C, H_C = G_KC.sum(axis=0) - G_KC[fold], np.maximum(H_KC.sum(axis=0) - H_KC[fold], 0.0)
        cells.remove_margins(G_C, H_C, ROUNDS)
        step_KC[fold] = np.clip(G_C / (H_C + ridge), -LARGEST_STEP, LARGEST_STEP)
    total, squares = gain_numba.gains(cells.cell_N, fold_N, p_N, labels_N, step_KC)
    mean = total / columns.n_rows
    spread = max(squares / columns.n_rows - mean**2, 0.0)
    return Gain(1000.0 * mean, 1000.0 * (spread / columns.n_rows) ** 0.5)


def gain_together(rows: OutOfFold, crosses: Sequence[Term], seed: int) -> Gain:
    """What crosses gain together: the base with them against the base without, out of fold.

    Args:
        rows: with out-of-fold probabilities of the base alone.
        crosses: kept ones.
        seed: the one that ``rows`` were made with.
    """
    terms = [*terms_of(rows.columns), *crosses]
    both_N, alone_N, y_N = out_of_fold(rows.columns, terms, rows.n_folds, seed).p_N, rows.p_N, rows.columns.labels_N
    saved_N = np.where(y_N == 1, np.log(both_N / alone_N), np.log((1 - both_N) / (1 - alone_N)))
    return Gain(1000.0 * float(saved_N.mean()), 1000.0 * float(saved_N.std()) / len(y_N) ** 0.5)
