"""Nodes of the comparison."""

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.evaluation.constant import constant_predictions
from autofis_kedro.evaluation.metrics import log_losses, score
from autofis_kedro.reporting.plots import comparison_dots
from autofis_kedro.reporting.rows import ChosenModel, ModelMetrics, choose
from autofis_kedro.reporting.tables import comparison
from autofis_kedro.roster import CONSTANT


def predict_constant(
    train_examples: Examples, valid_examples: Examples, test_examples: Examples, schema: Schema
) -> tuple[pl.DataFrame, ModelMetrics]:
    """The train rows' click rate for every row, and how good that is."""
    predictions = constant_predictions(train_examples, {"valid": valid_examples, "test": test_examples})
    valid, test = (predictions.filter(pl.col("split") == split) for split in ("valid", "test"))
    nothing = {"kept": 0, "candidates": 0, "rows_per_second": 0.0, "train_seconds": 0.0}
    metrics = ModelMetrics(
        model=CONSTANT,
        valid=(score(valid["label"].to_numpy(), valid["seed_0"].to_numpy()),),
        test=(score(test["label"].to_numpy(), test["seed_0"].to_numpy()),),
        parameters=1,
        schema_fingerprint=schema.fingerprint,
        **nothing,
    )
    return predictions, metrics


def choose_model(**predictions: pl.DataFrame) -> ChosenModel:
    """The model with the lowest validation log loss if it beats FM by more than chance."""
    losses = {name: _valid_losses(found) for name, found in predictions.items()}
    constant = losses.pop(CONSTANT)
    return choose(losses, constant)


def _valid_losses(predictions: pl.DataFrame) -> NDArray[np.float64]:
    """Log loss of every validation row, mean over seeds: [N]."""
    valid = predictions.filter(pl.col("split") == "valid")
    labels = valid["label"].to_numpy()
    seeds = [name for name in valid.columns if name.startswith("seed_")]
    mean_N: NDArray[np.float64] = np.mean(
        [log_losses(labels, valid[name].to_numpy()) for name in seeds], axis=0, dtype=np.float64
    )
    return mean_N


def compare(chosen: ChosenModel, **metrics: ModelMetrics) -> tuple[pl.DataFrame, go.Figure]:
    """All models side by side, as a table and a figure."""
    table = comparison(list(metrics.values()), chosen.model)
    return table, comparison_dots(table)
