"""Figures of trainings and of models compared."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from autofis_kedro.reporting.style import BLUE, GREEN, GREY, ORANGE, finish, need_columns
from autofis_kedro.roster import CONSTANT


def training_curves(history: pl.DataFrame, title: str, unit: str = "epoch", *, is_log: bool = False) -> go.Figure:
    """Log loss on train and validation rows and validation AUC over epochs; thin lines are further seeds.

    ``unit`` is what the column ``epoch`` counts, ``is_log`` that its axis is logarithmic.
    """
    need_columns(history, "seed", "epoch", "train_loss", "valid_log_loss", "valid_auc")
    figure = make_subplots(rows=1, cols=2, subplot_titles=("log loss", "validation AUC"))
    for number, (seed,) in enumerate(history.select("seed").unique(maintain_order=True).iter_rows()):
        part = history.filter(pl.col("seed") == seed)
        lines = (
            ("train_loss", "train", ORANGE, 1),
            ("valid_log_loss", "validation", BLUE, 1),
            ("valid_auc", "validation AUC", GREEN, 2),
        )
        for column, name, colour, place in lines:
            line = go.Scatter(
                x=part["epoch"].to_list(),
                y=part[column].to_list(),
                name=name,
                legendgroup=name,
                mode="lines+markers",
                line={"color": colour, "width": 2 if number == 0 else 1},
                marker={"size": 5},
                showlegend=number == 0 and place == 1,
                hovertemplate=f"seed {seed}, {unit} %{{x:.2f}}: %{{y:.5f}}",
            )
            figure.add_trace(line, row=1, col=place)
    figure.update_xaxes(title_text=unit, type="log" if is_log else "linear")
    figure.update_layout(legend={"orientation": "h", "y": -0.2})
    return finish(figure, title)


def comparison_dots(compared: pl.DataFrame) -> go.Figure:
    """Test AUC and log loss of every model with their standard deviation over seeds.

    Dots, not bars: a bar must start at 0, where differences that matter cannot be seen. For the same reason the
    constant prediction is left out, which is far from all models.
    """
    need_columns(compared, "model", "test_auc", "test_auc_std", "test_log_loss", "test_log_loss_std", "chosen")
    ordered = compared.filter(pl.col("model") != CONSTANT).sort("test_log_loss", descending=True)
    figure = make_subplots(
        rows=1,
        cols=2,
        shared_yaxes=True,
        subplot_titles=("test log loss (less is better)", "test AUC (more is better)"),
    )
    colours = [ORANGE if is_chosen else BLUE for is_chosen in ordered["chosen"]]
    for place, name in ((1, "test_log_loss"), (2, "test_auc")):
        errors = ordered[f"{name}_std"].fill_null(0.0).to_list()
        dots = go.Scatter(
            x=ordered[name].to_list(),
            y=ordered["model"].to_list(),
            mode="markers",
            marker={"size": 11, "color": colours},
            error_x={"type": "data", "array": errors, "color": GREY},
            showlegend=False,
            hovertemplate="%{y}: %{x:.5f}<extra></extra>",
        )
        figure.add_trace(dots, row=1, col=place)
    return finish(figure, "models compared (orange: chosen on validation)", height=max(360, 26 * len(ordered) + 160))
