"""Growing trees with LightGBM: fast, pip-installable, and it splits categories by sets of values.

Shapes: B rows, C columns.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from autofis_kedro.data.schema import Schema
from autofis_kedro.trees.columns import Float32, TreeColumns, TreeRows
from autofis_kedro.trees.forest import Forest, TreesConfig

logger = logging.getLogger(__name__)
TREES_PER_LINE = 10


@dataclass(frozen=True)
class Grown:
    """A forest and how it came about.

    Attributes:
        forest: up to the tree with the lowest validation log loss.
        history: one row per tree: seed, epoch (number of trees), train_loss, valid_log_loss, valid_auc.
        seconds: of growing.
        rows_per_second: train rows times trees, by time.
    """

    forest: Forest
    history: pl.DataFrame
    seconds: float
    rows_per_second: float


def grow(train: TreeRows, valid: TreeRows, schema: Schema, config: TreesConfig, *, seed: int) -> Grown:
    """Grow trees on train rows, stop by validation rows.

    Raises:
        UserError: too many leaves, or typed and encoded rows that do not belong together.
    """
    import lightgbm  # takes half a second, and most runs grow no trees

    n_leaves, start = config.leaves, time.perf_counter()
    columns = TreeColumns.count(schema, train.examples)
    names: dict[str, Any] = {"categorical_feature": columns.categorical(config.max_categories)}
    parameters = _parameters(config, n_leaves, seed)
    fitted = lightgbm.Dataset(*_matrix(train, columns, config.max_rows, seed), **names, params=parameters)
    fitted.construct()  # a byte or two per number: the matrix goes before that of the validation rows comes
    checked = lightgbm.Dataset(*_matrix(valid, columns, config.max_rows, seed), reference=fitted, **names)
    curves: dict[str, dict[str, list[float]]] = {}
    booster = lightgbm.train(
        parameters,
        fitted,
        num_boost_round=config.n_trees,
        valid_sets=[fitted, checked],
        valid_names=["train", "valid"],
        callbacks=[
            lightgbm.record_evaluation(curves),
            lightgbm.early_stopping(config.patience, first_metric_only=True, verbose=False),
            _log_line,
        ],
    )
    text = booster.model_to_string(num_iteration=booster.best_iteration)
    history, seconds = _history(curves, seed), time.perf_counter() - start
    logger.info("gbdt: %s trees, the best number is %s", len(history), booster.best_iteration)
    return Grown(Forest(text, columns), history, seconds, fitted.num_data() * len(history) / seconds)


def _parameters(config: TreesConfig, n_leaves: int, seed: int) -> dict[str, Any]:
    return {
        "objective": "binary",
        "metric": ["binary_logloss", "auc"],
        "max_depth": config.max_depth,
        "num_leaves": n_leaves,
        "learning_rate": config.learning_rate,
        "min_data_in_leaf": config.min_rows_in_leaf,
        "bagging_fraction": config.row_share,
        "bagging_freq": int(config.row_share < 1),
        "feature_fraction": config.column_share,
        "seed": seed,
        "deterministic": True,
        "force_col_wise": True,
        "verbosity": -1,
    }


def _matrix(rows: TreeRows, columns: TreeColumns, max_rows: int, seed: int) -> tuple[Float32, NDArray[np.uint8]]:
    """At most ``max_rows`` rows, drawn at random, and their labels."""
    n = rows.examples.n_rows
    is_drawn = np.ones(n, dtype=bool)
    if n > max_rows:
        is_drawn[np.random.default_rng(seed).permutation(n)[max_rows:]] = False
    matrix_BC = np.empty((int(is_drawn.sum()), columns.n_columns), dtype=np.float32)
    start = done = 0
    for frame, examples in rows.chunks():
        part = columns.matrix(frame, examples)[is_drawn[start : start + len(frame)]]
        matrix_BC[done : done + len(part)] = part
        start, done = start + len(frame), done + len(part)
    return matrix_BC, np.asarray(rows.examples.labels)[is_drawn]


def _log_line(state: Any) -> None:
    number = state.iteration + 1
    if number % TREES_PER_LINE == 0 or number == state.end_iteration:
        found = {(result[0], result[1]): result[2] for result in state.evaluation_result_list}
        losses = f"valid log loss {found['valid', 'binary_logloss']:.5f}, AUC {found['valid', 'auc']:.5f}"
        logger.info("gbdt: %s trees: %s", number, losses)


def _history(curves: dict[str, dict[str, list[float]]], seed: int) -> pl.DataFrame:
    train, valid = curves["train"], curves["valid"]
    n = len(valid["auc"])
    return pl.DataFrame(
        {
            "seed": [seed] * n,
            "epoch": [float(number) for number in range(1, n + 1)],
            "train_loss": train["binary_logloss"],
            "valid_log_loss": valid["binary_logloss"],
            "valid_auc": valid["auc"],
        }
    )
