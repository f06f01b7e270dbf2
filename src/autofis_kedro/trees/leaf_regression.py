"""Logistic regression over the leaves (He et al. 2014): scikit-learn's, on a sparse matrix.

Shapes: B rows, T trees, L leaves of all trees.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from pydantic import Field as Bounded
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, SGDClassifier
from torch import Tensor

from autofis_kedro.config import Options
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.evaluation.metrics import Metrics, log_losses, score

logger = logging.getLogger(__name__)
CHUNK_ROWS = 1_000_000


class LeafRegressionConfig(Options):
    """How the regression is fitted.

    Attributes:
        c: penalties tried in this order, as scikit-learn's C (less is a stronger l2 penalty), until the validation log
            loss rises.
        max_iterations: of the solver.
        exact_up_to: rows times trees up to which L-BFGS solves it, whole in memory; above, averaged stochastic
            gradient descent passes over chunks.
        passes: over the train rows, for the latter.
    """

    c: tuple[Annotated[float, Bounded(gt=0)], ...] = Bounded(
        default=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0), min_length=1
    )
    max_iterations: int = Bounded(default=300, ge=1)
    exact_up_to: int = Bounded(default=200_000_000, ge=0)
    passes: int = Bounded(default=5, ge=1)


@dataclass(frozen=True)
class FittedRegression:
    """The best regression, as the weights of an LR over leaf fields.

    Attributes:
        weights: state dict of ``CTRModel`` of order 1: the leaves' weights, zeros for the other fields.
        history: one row per penalty: c, train_loss, valid_log_loss, valid_auc.
        seconds: of fitting all.
        n_weights: leaves and bias.
    """

    weights: dict[str, Tensor]
    history: pl.DataFrame
    seconds: float
    n_weights: int


def fit_leaf_regression(
    train: Examples, valid: Examples, schema: Schema, n_trees: int, config: LeafRegressionConfig
) -> FittedRegression:
    """Fit over the last ``n_trees`` fields of examples with leaves, once per penalty."""
    start, first = time.perf_counter(), schema.offsets[-1 - n_trees]
    n_leaves = schema.n_ids - first
    fit = _fit_exactly if train.n_rows * n_trees <= config.exact_up_to else _fit_in_passes
    rows: list[tuple[float, ...]] = []
    best: tuple[float, Any] | None = None
    for c in config.c:
        model = fit(train, first, n_leaves, c, config)
        checked = _score(model, valid, first, n_leaves)
        rows.append((c, _log_loss(model, train, first, n_leaves), checked.log_loss, checked.auc))
        logger.info("regression over leaves, C %g: valid log loss %.5f, AUC %.5f", *rows[-1][:1], *rows[-1][2:])
        if best is not None and checked.log_loss > best[0]:
            break
        best = checked.log_loss, model
    assert best is not None
    table = torch.zeros(schema.n_ids, 1)
    table[first:, 0] = torch.from_numpy(np.asarray(best[1].coef_[0], dtype=np.float32))
    bias = torch.from_numpy(np.asarray(best[1].intercept_, dtype=np.float32)).reshape(1)
    history = pl.DataFrame(rows, schema=["c", "train_loss", "valid_log_loss", "valid_auc"], orient="row")
    seconds = time.perf_counter() - start
    return FittedRegression({"linear.weight": table, "bias": bias}, history, seconds, n_leaves + 1)


def _leaves(
    examples: Examples, first: int, n_leaves: int, at_once: int = CHUNK_ROWS
) -> Iterator[tuple[csr_array, NDArray[np.uint8]]]:
    """The leaf columns as a sparse matrix of ones, a chunk of rows at a time, and their labels."""
    n_trees = int((np.asarray(examples.one_hot[0]) >= first).sum())
    for start in range(0, examples.n_rows, at_once):
        leaves_BT = examples.one_hot[start : start + at_once, -n_trees:] - np.int32(first)
        rows = len(leaves_BT)
        ends = np.arange(0, rows * n_trees + 1, n_trees, dtype=np.int32)
        ones = np.ones(rows * n_trees, dtype=np.float32)
        matrix = csr_array((ones, leaves_BT.ravel(), ends), shape=(rows, n_leaves))
        yield matrix, np.asarray(examples.labels[start : start + rows])


def _fit_exactly(
    train: Examples, first: int, n_leaves: int, c: float, config: LeafRegressionConfig
) -> LogisticRegression:
    matrix, labels = next(_leaves(train, first, n_leaves, at_once=train.n_rows))
    model = LogisticRegression(C=c, solver="lbfgs", max_iter=config.max_iterations)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a weak penalty needs no exact optimum
        return model.fit(matrix, labels)


def _fit_in_passes(train: Examples, first: int, n_leaves: int, c: float, config: LeafRegressionConfig) -> SGDClassifier:
    model = SGDClassifier(loss="log_loss", alpha=1 / (c * train.n_rows), average=True, random_state=0)
    for _ in range(config.passes):
        for matrix, labels in _leaves(train, first, n_leaves):
            model.partial_fit(matrix, labels, classes=[0, 1])
    return model


def _score(model: Any, examples: Examples, first: int, n_leaves: int) -> Metrics:
    probabilities = [model.predict_proba(matrix)[:, 1] for matrix, _ in _leaves(examples, first, n_leaves)]
    return score(np.asarray(examples.labels), np.concatenate(probabilities))


def _log_loss(model: Any, examples: Examples, first: int, n_leaves: int) -> float:
    """A chunk at a time: sorting all train rows for an AUC would take gigabytes."""
    losses = (
        log_losses(labels, model.predict_proba(matrix)[:, 1]).sum()
        for matrix, labels in _leaves(examples, first, n_leaves)
    )
    return float(sum(losses)) / examples.n_rows
