"""The figure of accuracy against size."""

from __future__ import annotations

import math

import plotly.graph_objects as go
import polars as pl

from autofis_kedro.reporting.style import BLUE, GREEN, GREY, ORANGE, finish, need_columns

LINES = {
    "alpha": ("by alpha (AutoFM)", ORANGE, "solid"),
    "statistics_auc": ("by statistics_AUC", BLUE, "dash"),
    "random": ("at random", GREEN, "dot"),
}
"""By ranking: its name for readers, colour and dash."""


def size_curves_figure(curves: pl.DataFrame, reference: float | None, kept: int | None) -> go.Figure:
    """Validation log loss against the number of pairs kept, a line per ranking; bars are standard deviations.

    Args:
        curves: what ``training.size_curve.train_size_curves`` gives.
        reference: FM's validation log loss over all pairs.
        kept: how many pairs the search kept.
    """
    need_columns(curves, "ranking", "size", "valid_log_loss", "valid_log_loss_std")
    figure = go.Figure()
    for ranking, (name, colour, dash) in LINES.items():
        part = curves.filter(pl.col("ranking") == ranking).sort("size")
        errors = part["valid_log_loss_std"].fill_null(0.0).to_list()
        figure.add_trace(
            go.Scatter(
                x=part["size"].to_list(),
                y=part["valid_log_loss"].to_list(),
                name=name,
                mode="lines+markers",
                line={"color": colour, "width": 2, "dash": dash},
                marker={"size": 7},
                error_y={"type": "data", "array": errors, "color": colour, "thickness": 1, "width": 3},
                hovertemplate=f"%{{x}} pairs {name}: %{{y:.5f}}<extra></extra>",
            )
        )
    sizes = sorted(curves["size"].unique().to_list())
    if reference is not None and sizes:
        line = {"color": GREY, "width": 2, "dash": "longdash"}
        both = {"x": [sizes[0], sizes[-1]], "y": [reference, reference]}
        over_all = "FM over all pairs: %{y:.5f}<extra></extra>"
        figure.add_trace(go.Scatter(**both, name="FM, all pairs", mode="lines", line=line, hovertemplate=over_all))
    if kept:
        figure.add_vline(x=kept, line={"color": GREY, "width": 1})
        above = {"yref": "paper", "y": 1.0, "yanchor": "bottom", "showarrow": False}
        figure.add_annotation(x=math.log10(kept), text=f"kept: {kept}", **above)  # notes take the axis' exponent
    figure.update_xaxes(title_text="pairs kept", type="log", tickvals=sizes, ticktext=[f"{size:,}" for size in sizes])
    figure.update_yaxes(title_text="validation log loss")
    figure.update_layout(legend={"orientation": "h", "y": -0.22})
    return finish(figure, "accuracy against size")
