"""Nodes of the comparison."""

import plotly.graph_objects as go
import polars as pl

from autofis_kedro.reporting.plots import comparison_dots
from autofis_kedro.reporting.rows import ChosenModel, ModelMetrics, choose
from autofis_kedro.reporting.tables import comparison
from autofis_kedro.roster import CHOICE


def choose_model(**metrics: ModelMetrics) -> ChosenModel:
    """The model with the lowest validation log loss; controls are no candidates."""
    return choose([found for name, found in metrics.items() if name in CHOICE])


def compare(chosen: ChosenModel, **metrics: ModelMetrics) -> tuple[pl.DataFrame, go.Figure]:
    """All models side by side, as a table and a figure."""
    table = comparison(list(metrics.values()), chosen.model)
    return table, comparison_dots(table)
