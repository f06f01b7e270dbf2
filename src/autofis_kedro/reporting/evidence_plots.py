"""Figures of the evidence."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import polars as pl

from autofis_kedro.evidence.tables import CONFIRMED
from autofis_kedro.reporting.style import BLUE, GREY, ORANGE, finish, need_columns
from autofis_kedro.reporting.written import for_plotly

SHOWN = 30
VALUES = 25
"""Of each field in the map of joint values."""


def gain_dots(tested: pl.DataFrame) -> go.Figure:
    """What the interactions gain out of fold, with two standard errors: confirmed, proxies, others; the best 30."""
    need_columns(tested, "interaction", "gain_per_1000_rows", "gain_se", "verdict")
    is_confirmed = pl.col("verdict") == CONFIRMED
    best = (
        tested.drop_nulls("gain_se").sort(~is_confirmed, -pl.col("gain_per_1000_rows"), maintain_order=True).head(SHOWN)
    )
    kinds = (
        (CONFIRMED, is_confirmed, BLUE),
        ("proxy of another", pl.col("verdict").str.starts_with("proxy of"), ORANGE),
        ("not confirmed", ~is_confirmed & ~pl.col("verdict").str.starts_with("proxy of"), GREY),
    )
    figure = go.Figure()
    for name, is_kind, colour in kinds:
        shown = best.filter(is_kind)
        figure.add_scatter(
            x=shown["gain_per_1000_rows"].to_list(),
            y=shown["interaction"].to_list(),
            error_x={"array": (2 * shown["gain_se"]).to_list(), "color": colour, "thickness": 1},
            customdata=[for_plotly(list(row)) for row in shown.select("z", "verdict").iter_rows()],
            hovertemplate="%{y}<br>gain %{x:.3f}, z %{customdata[0]:.1f}<br>%{customdata[1]}<extra></extra>",
            mode="markers",
            marker={"color": colour, "size": 9},
            name=name,
        )
    figure.add_vline(x=0, line={"color": "#808080", "width": 1})
    figure.update_xaxes(title="log loss saved on 1,000 rows, out of fold (bar: two standard errors)")
    order = for_plotly(best["interaction"].to_list())
    figure.update_yaxes(categoryorder="array", categoryarray=order[::-1], type="category", automargin=True)
    figure.update_layout(legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0.5})
    return finish(figure, "What the interactions are worth", height=max(360, 22 * len(best) + 160))


def joint_value_map(joint: pl.DataFrame) -> go.Figure:
    """Shrunken log-odds of the joint values of the first confirmed pair, the values with most rows."""
    need_columns(joint, "interaction", "fields", "values", "log_odds_shrunk", "rows")
    pairs = joint.filter(pl.col("values").list.len() == 2)
    if not len(pairs):
        figure = go.Figure()
        figure.add_annotation(text="no pair is confirmed", showarrow=False, font={"size": 16})
        figure.update_xaxes(visible=False)
        figure.update_yaxes(visible=False)
        return finish(figure, "What a confirmed pair means")
    name = pairs["interaction"][0]
    shown = pairs.filter(pl.col("interaction") == name).with_columns(
        pl.col("values").list.get(0).alias("first"), pl.col("values").list.get(1).alias("second")
    )
    axes = [
        shown.group_by(side).agg(pl.col("rows").sum()).sort("rows", side, descending=[True, False])[side].head(VALUES)
        for side in ("first", "second")
    ]
    places = [{value: place for place, value in enumerate(axis.to_list())} for axis in axes]
    grid = np.full((len(places[0]), len(places[1])), np.nan)
    for first, second, effect in shown.select("first", "second", "log_odds_shrunk").iter_rows():
        if first in places[0] and second in places[1]:
            grid[places[0][first], places[1][second]] = effect
    limit = float(np.nanmax(np.abs(grid))) if np.isfinite(grid).any() else 1.0
    figure = go.Figure(
        go.Heatmap(
            z=[[None if np.isnan(cell) else float(cell) for cell in row] for row in grid],
            x=axes[1].to_list(),
            y=axes[0].to_list(),
            colorscale="RdBu_r",
            zmin=-limit,
            zmax=limit,
            colorbar={"title": "log odds"},
            hovertemplate="%{y} with %{x}: %{z:.2f}<extra></extra>",
        )
    )
    fields = for_plotly(shown["fields"][0].to_list())
    figure.update_xaxes(type="category", title=fields[-1], automargin=True)
    figure.update_yaxes(type="category", title=fields[0], automargin=True, autorange="reversed")
    figure.update_layout(plot_bgcolor="#E6E6E6")
    title = f"{name}: log odds beyond what each alone suggests (grey: too few rows)"
    return finish(figure, title, height=max(420, 22 * len(axes[0]) + 180))
