"""Figures of gates and of what was kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray

from autofis_kedro.reporting.style import BLUE, COLOURS, GREEN, GREY, ORANGE, finish, need_columns
from autofis_kedro.selection import Selection
from autofis_kedro.selection.gates import field_columns

HIGHLIGHTED = 8
BARS = 30


def alpha_heatmap(gates: pl.DataFrame, selection: Selection, planted: Sequence[Sequence[str]] = ()) -> go.Figure:
    """Alpha of every pair of fields; a dot marks a kept pair, a circle a planted one, grey a closed gate."""
    names, grid = pair_grid(gates, "alpha")
    grid[grid == 0] = np.nan
    limit = float(np.nanmax(np.abs(grid))) if np.isfinite(grid).any() else 1.0
    figure = go.Figure(
        go.Heatmap(
            z=cells(grid),
            x=names,
            y=names,
            colorscale="RdBu_r",
            zmin=-limit,
            zmax=limit,
            colorbar={"title": "alpha"},
            hovertemplate="%{x} × %{y}: %{z:.4f}<extra></extra>",
        )
    )
    size = max(4, 14 - len(names) // 4)
    mark_pairs(
        figure,
        [kept.fields for kept in selection.interactions],
        "kept",
        {"symbol": "circle", "size": size // 2 + 1, "color": "black"},
    )
    mark_pairs(
        figure, planted, "planted", {"symbol": "circle-open", "size": size + 6, "color": GREEN, "line": {"width": 2}}
    )
    figure.update_layout(plot_bgcolor="#E6E6E6", legend={"orientation": "h", "y": 1.06, "x": 0.6})
    figure.update_xaxes(type="category", showgrid=False, tickangle=-60 if len(names) > 8 else 0)
    figure.update_yaxes(type="category", showgrid=False, autorange="reversed")
    return finish(figure, "alpha of every pair (grey: closed)", height=max(520, 16 * len(names) + 160))


def pair_grid(pairs: pl.DataFrame, value: str) -> tuple[list[str], NDArray[np.float64]]:
    """Names of the F fields, and a value of each pair below the diagonal: [F, F], nan elsewhere.

    Raises:
        UserError: the table has no such columns.
    """
    need_columns(pairs, "field_1", "field_2", value)
    names = list(dict.fromkeys([*pairs["field_1"], *pairs["field_2"]]))
    place = {name: i for i, name in enumerate(names)}
    grid = np.full((len(names), len(names)), np.nan)
    for first, second, found in pairs.select("field_1", "field_2", value).iter_rows():
        grid[place[second], place[first]] = found
    return names, grid


def cells(grid: NDArray[np.float64]) -> list[list[float | None]]:
    """The grid as plotly takes it: blank where it has no number."""
    return [[None if np.isnan(cell) else float(cell) for cell in row] for row in grid]


def mark_pairs(figure: go.Figure, pairs: Sequence[Sequence[str]], name: str, marker: dict[str, object]) -> None:
    """Put a mark on pairs of a heat map of field names."""
    shown = [pair for pair in pairs if len(pair) == 2]
    if shown:
        x, y = [pair[0] for pair in shown], [pair[1] for pair in shown]
        figure.add_trace(go.Scatter(x=x, y=y, mode="markers", name=name, marker=marker, hoverinfo="skip"))


def alpha_bars(gates: pl.DataFrame, selection: Selection, planted: Sequence[Sequence[str]] = ()) -> go.Figure:
    """Alpha of the triples with the largest |alpha|: orange if kept, a star if planted."""
    need_columns(gates, "field_1", "field_2", "field_3", "alpha", "rank")
    top = gates.sort("rank").head(BARS).reverse()
    triples = top.select("field_1", "field_2", "field_3").rows()
    kept = {interaction.fields for interaction in selection.interactions}
    known = {tuple(fields) for fields in planted if len(fields) == 3}
    names = [" × ".join(triple) + (" ★" if triple in known else "") for triple in triples]
    colours = [ORANGE if triple in kept else BLUE for triple in triples]
    figure = go.Figure(go.Bar(x=top["alpha"].to_list(), y=names, orientation="h", marker={"color": colours}))
    figure.update_xaxes(title_text="alpha")
    title = f"alpha of the {len(top)} foremost triples (orange: kept{', ★ planted' if known else ''})"
    return finish(figure, title, height=max(360, 22 * len(top) + 140))


def alpha_against_statistics_auc(ranked: pl.DataFrame, gates: pl.DataFrame, selection: Selection) -> go.Figure:
    """statistics_AUC of every pair against |alpha|; kept pairs orange (the paper's Figure 3)."""
    need_columns(ranked, "field_1", "field_2", "statistics_auc")
    pairs = gates.join(ranked, on=["field_1", "field_2"], how="inner", validate="1:1")
    kept = {interaction.fields for interaction in selection.interactions}
    figure = go.Figure()
    for is_kept, name, colour in ((False, "closed or left out", BLUE), (True, "kept", ORANGE)):
        part = [row for row in pairs.iter_rows(named=True) if ((row["field_1"], row["field_2"]) in kept) == is_kept]
        figure.add_trace(
            go.Scatter(
                x=[row["statistics_auc"] for row in part],
                y=[abs(row["alpha"]) for row in part],
                text=[f"{row['field_1']} × {row['field_2']}" for row in part],
                name=name,
                mode="markers",
                marker={"color": colour, "size": 10 if is_kept else 6, "opacity": 0.8},
                hovertemplate="%{text}: statistics_AUC %{x:.4f}, |alpha| %{y:.4f}<extra></extra>",
            )
        )
    figure.update_xaxes(title_text="statistics_AUC on the test rows")
    figure.update_yaxes(title_text="|alpha|")
    return finish(figure, "what a pair says alone, and what the search makes of it")


def alpha_trajectories(
    trajectory: pl.DataFrame, highlight: Sequence[Sequence[str]], shown: Sequence[Sequence[str]], title: str
) -> go.Figure:
    """Alpha over the steps of the search: the highlighted interactions by name, the others of ``shown`` grey."""
    fields = field_columns(trajectory)
    need_columns(trajectory, "step", "field_1", "field_2", "alpha")
    named = [tuple(found) for found in highlight][:HIGHLIGHTED]
    wanted = {tuple(found) for found in shown}
    x_rest: list[int | None] = []
    y_rest: list[float | None] = []
    figure = go.Figure()
    lines: list[go.Scatter] = []
    for found, part in trajectory.group_by(fields, maintain_order=True):
        if found not in wanted and found not in named:
            continue
        steps, alphas = part["step"].to_list(), [round(alpha, 5) for alpha in part["alpha"].to_list()]
        if found in named:
            colour = COLOURS[len(lines) % len(COLOURS)]
            line = {"color": colour, "width": 2.5}
            lines.append(go.Scatter(x=steps, y=alphas, name=" × ".join(map(str, found)), line=line))
        else:
            x_rest += [*steps, None]
            y_rest += [*alphas, None]
    figure.add_trace(
        go.Scatter(x=x_rest, y=y_rest, name="others", line={"color": GREY, "width": 0.7}, hoverinfo="skip")
    )
    figure.add_traces(lines)
    figure.update_xaxes(title_text="step of the search")
    figure.update_yaxes(title_text="alpha")
    return finish(figure, title)


def extraction_curve(selection: Selection) -> go.Figure:
    """Validation log loss against interactions kept; the band is two standard errors of the difference to the best."""
    figure = go.Figure()
    curve = [point for point in selection.curve if point.size > 0]  # the axis is logarithmic
    sizes = [point.size for point in curve]
    losses = [point.log_loss for point in curve]
    errors = [2 * point.standard_error for point in curve]
    band = [loss + e for loss, e in zip(losses, errors, strict=True)] + [
        loss - e for loss, e in zip(losses, errors, strict=True)
    ][::-1]
    if sizes:
        figure.add_trace(
            go.Scatter(
                x=sizes + sizes[::-1],
                y=band,
                mode="lines",
                fill="toself",
                fillcolor="rgba(0,114,178,0.15)",
                line={"width": 0},
                name="2 standard errors of the difference",
                hoverinfo="skip",
            )
        )
        figure.add_trace(go.Scatter(x=sizes, y=losses, mode="lines+markers", name="fine-tuned", line={"color": BLUE}))
    size = selection.count(3) or len(selection.interactions)  # in third order the curve is that of the triples
    chosen = [(point.size, point.log_loss) for point in selection.curve if point.size == size]
    if chosen:
        marker = {"size": 14, "color": ORANGE, "symbol": "diamond"}
        figure.add_trace(
            go.Scatter(
                x=[chosen[0][0]], y=[chosen[0][1]], mode="markers", name=f"chosen: {chosen[0][0]}", marker=marker
            )
        )
    figure.update_xaxes(title_text="interactions kept", type="log", tickvals=sizes[:: max(1, len(sizes) // 10)])
    figure.update_yaxes(title_text="validation log loss")
    figure.update_layout(legend={"orientation": "h", "y": -0.25})
    return finish(figure, f"accuracy against size ({selection.rule})")
