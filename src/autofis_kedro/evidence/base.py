"""What the fields say without any interaction: additive logistic regression with shrinkage by empirical Bayes.

Every value of every field (and joint value of a kept cross) has a weight; the weights of a term are normal with a
variance of their own, which its data decide. Fitted by block Newton: within a term values are disjoint, so that a
step is a division per value.

Shapes: N rows, V values of a term.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autofis_kedro.evidence import base_numba as loops
from autofis_kedro.evidence.cells_numba import sum_by
from autofis_kedro.evidence.columns import Columns, Float, Int32

SWEEPS, SWEEPS_WITH_CROSSES = 12, 15
FIRST_RIDGE, LEAST_RIDGE, LARGEST_RIDGE = 1.0, 0.5, 300.0
RIDGE_FROM_SWEEP = 2
"""Counted from 0: the weights must have some size before their variance is taken from it."""
LARGEST_STEP = 2.0
NEGLIGIBLE, NEGLIGIBLE_PER_ROW = 0.1, 1e-6
"""What a sweep gains over all rows, in nats: less ends the fit, for a test's statistic moves by its root at most. Of
millions of rows, where statistics are large, somewhat more."""


@dataclass(frozen=True)
class Term:
    """A field, or the cross of several.

    Attributes:
        id_N: which value each row has.
        size: number of values.
    """

    id_N: Int32
    size: int


@dataclass(frozen=True)
class Base:
    """A fitted additive model.

    Attributes:
        p_N: probability of each row.
        weights: [V] of each term, fields first.
        ridges: lambda of each term.
        curvatures: [V] of each term: sum of p (1 - p) over the rows of each value.
        intercept: logit.
    """

    p_N: Float
    weights: tuple[Float, ...]
    ridges: tuple[float, ...]
    curvatures: tuple[Float, ...]
    intercept: float

    def without(self, place: int) -> Base:
        """Where to begin a fit without one of the terms; p is still that of all."""
        others = [i for i in range(len(self.weights)) if i != place]
        return Base(
            self.p_N,
            tuple(self.weights[i] for i in others),
            tuple(self.ridges[i] for i in others),
            tuple(self.curvatures[i] for i in others),
            self.intercept,
        )


def terms_of(columns: Columns, crosses: Sequence[tuple[int, ...]] = ()) -> list[Term]:
    """The fields and the crosses of some of them."""
    fields = [Term(values_N, size) for values_N, size in zip(columns.values_F, columns.sizes, strict=True)]
    return [*fields, *(cross(columns, fields) for fields in crosses)]


def cross(columns: Columns, fields: Sequence[int]) -> Term:
    """Joint values of fields as values of one term."""
    first, *others = fields
    id_N, size = columns.values_F[first].astype(np.int64), columns.sizes[first]
    for field in others:
        key_N = id_N * columns.sizes[field] + columns.values_F[field]
        found, inverse = np.unique(key_N, return_inverse=True)
        id_N, size = inverse.astype(np.int64), len(found)
    return Term(id_N.astype(np.int32), size)


def fit_base(terms: Sequence[Term], labels_N: Float, start: Base | None = None) -> Base:
    """Fit weights and ridges.

    Args:
        terms: fields and crosses.
        labels_N: 0 or 1.
        start: an earlier fit of the first terms, whose weights this one begins with.
    """
    n_known = min(len(start.weights), len(terms)) if start else 0
    intercept = start.intercept if start else _intercept(labels_N)
    weights = [start.weights[i].copy() if start and i < n_known else np.zeros(t.size) for i, t in enumerate(terms)]
    ridges = [start.ridges[i] if start and i < n_known else FIRST_RIDGE for i in range(len(terms))]
    rows = _Rows.at(intercept, terms, weights, labels_N)
    negligible = max(NEGLIGIBLE, NEGLIGIBLE_PER_ROW * len(labels_N))
    for sweep in range(SWEEPS if start is None else SWEEPS_WITH_CROSSES):
        gradient, information = rows.linearise()
        step = float(np.clip(gradient / max(information, 1e-9), -LARGEST_STEP, LARGEST_STEP))
        intercept += step
        rows.logit_N += step
        rows.gradient_N -= step * rows.curvature_N
        gained = step * gradient
        for place, term in enumerate(terms):
            shrinks = sweep >= RIDGE_FROM_SWEEP or place < n_known
            ridges[place], more = _update(term, weights[place], ridges[place], rows, shrinks)
            gained += more
        if sweep > RIDGE_FROM_SWEEP and gained < negligible:
            break
    rows.linearise()
    curvatures = tuple(sum_by(term.id_N, rows.curvature_N, term.size) for term in terms)
    return Base(labels_N - rows.gradient_N, tuple(weights), tuple(ridges), curvatures, intercept)


@dataclass
class _Rows:
    """The rows during a fit: logits, and g = y - p and h = p (1 - p) as the sweep began, g moved to first order."""

    labels_N: Float
    logit_N: Float
    gradient_N: Float
    curvature_N: Float

    @classmethod
    def at(cls, intercept: float, terms: Sequence[Term], weights: Sequence[Float], labels_N: Float) -> _Rows:
        logit_N = np.full(len(labels_N), intercept)
        for term, weight in zip(terms, weights, strict=True):
            if weight.any():
                loops.shift(term.id_N, weight, logit_N)
        return cls(labels_N, logit_N, np.empty(len(labels_N)), np.empty(len(labels_N)))

    def linearise(self) -> tuple[float, float]:
        gradient, information = loops.linearise(self.labels_N, self.logit_N, self.gradient_N, self.curvature_N)
        return float(gradient), float(information)


def logits(base: Base, ids: Sequence[NDArray[np.integer]]) -> Float:
    """Logits of other rows: [M] numbers of each term's values, -1 where the value is not known."""
    total = np.full(len(ids[0]), base.intercept)
    for id_M, weight in zip(ids, base.weights, strict=True):
        total += np.where(id_M >= 0, weight[np.maximum(id_M, 0)], 0.0)
    return total


def _intercept(labels_N: Float) -> float:
    """The logit of the rate; of half a row where there is no other: a fold or a sample may lack one of the labels."""
    n_rows = len(labels_N)
    positives = min(max(float(labels_N.sum()), 0.5), n_rows - 0.5)
    return float(np.log(positives / (n_rows - positives)))


def _update(term: Term, weight_V: Float, ridge: float, rows: _Rows, shrinks: bool) -> tuple[float, float]:
    """One Newton step of a term, in place; its ridge, and what the step gains (twice the log likelihood, in nats)."""
    gradient_V = sum_by(term.id_N, rows.gradient_N, term.size)
    curvature_V = sum_by(term.id_N, rows.curvature_N, term.size)
    if shrinks:
        ridge = empirical_ridge(weight_V, curvature_V, ridge)
    slope_V = gradient_V - ridge * weight_V
    step_V = np.clip(slope_V / (curvature_V + ridge), -LARGEST_STEP, LARGEST_STEP)
    weight_V += step_V
    loops.shift_linearised(term.id_N, step_V, rows.logit_N, rows.gradient_N, rows.curvature_N)
    return ridge, float(step_V @ slope_V)


def empirical_ridge(weight_V: Float, curvature_V: Float, ridge: float) -> float:
    """lambda = 1 / variance of the weights, by the fixed point of empirical Bayes (MacKay 1992): the weights that the
    data decide, over the sum of squares; one of them is the intercept's.
    """
    decided = max(float((curvature_V / (curvature_V + ridge)).sum()) - 1.0, 0.5)
    squares = float(weight_V @ weight_V)
    return float(np.clip(decided / max(squares, 1e-12), LEAST_RIDGE, LARGEST_RIDGE))
