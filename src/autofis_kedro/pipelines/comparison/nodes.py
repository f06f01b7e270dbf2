"""Nodes of the comparison."""

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray

from autofis_kedro.evaluation.metrics import log_losses
from autofis_kedro.reporting.plots import comparison_dots
from autofis_kedro.reporting.rows import ChosenModel, ModelMetrics, choose
from autofis_kedro.reporting.tables import comparison


def choose_model(**predictions: pl.DataFrame) -> ChosenModel:
    """The model with the lowest validation log loss if it beats FM by more than chance."""
    return choose({name: _valid_losses(found) for name, found in predictions.items()})


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
