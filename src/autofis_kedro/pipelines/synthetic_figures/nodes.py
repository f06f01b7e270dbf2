"""Nodes of the synthetic problem's figures."""

import plotly.graph_objects as go
import polars as pl

from autofis_kedro.reporting.synthetic_figures import alpha_of_planted, auc_over_epochs
from autofis_kedro.selection import Selection


def draw_training(**histories: pl.DataFrame) -> go.Figure:
    """Validation AUC of every model over its training (the paper's Figure 4)."""
    return auc_over_epochs(histories)


def draw_alpha(gates: pl.DataFrame, selection: Selection, planted: list[list[str]]) -> go.Figure:
    """Alpha of every pair, the planted ones marked (the paper's Figure 5)."""
    return alpha_of_planted(gates, selection, planted)
