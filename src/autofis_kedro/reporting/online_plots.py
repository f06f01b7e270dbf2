"""Figures of the online stage: latencies, and a simulated test day by day (the paper's Figures 6 and 7)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import polars as pl

from autofis_kedro.reporting.online_tables import NO_MARKET, mean_over_days, tested
from autofis_kedro.reporting.style import BLUE, COLOURS, GREEN, GREY, ORANGE, finish, need_columns

MOST_POINTS = 400
"""Of a line; a distribution needs no more."""


def latency_distribution(latencies: pl.DataFrame, budget: str) -> go.Figure:
    """Share of requests that were ranked within a time, by model; marks at p50 and p99."""
    need_columns(latencies, "model", "milliseconds", "candidates")
    figure = go.Figure()
    shares = np.unique(np.append(np.linspace(0, 1, MOST_POINTS), [0.5, 0.99]))
    for number, (name, part) in enumerate(latencies.group_by("model", maintain_order=True)):
        times, model = part["milliseconds"].to_numpy(), str(name[0])
        marks = np.quantile(times, [0.5, 0.99]).tolist()
        given = {
            "name": f"{model}: p50 {marks[0]:.2f}, p99 {marks[1]:.2f}",
            "legendgroup": model,
            "hovertemplate": f"{model}: %{{y:.1%}} within %{{x:.3f}} ms<extra></extra>",
        }
        line = go.Scatter(
            x=np.quantile(times, shares).tolist(), y=shares.tolist(), line={"color": COLOURS[number]}, **given
        )
        marker = {"color": COLOURS[number], "size": 9}
        dots = go.Scatter(x=marks, y=[0.5, 0.99], mode="markers", marker=marker, showlegend=False, **given)
        figure.add_traces([line, dots])
    figure.update_xaxes(title_text="milliseconds per request (logarithmic)", type="log", dtick="D2")
    figure.update_yaxes(title_text="share of requests ranked within", tickformat=".0%")
    figure.update_layout(legend={"orientation": "h", "y": -0.22})
    candidates = latencies["candidates"][0]
    return finish(figure, f"latency of ranking {candidates} candidates on the CPU (the paper's budget: {budget})")


def improvement_by_day(days: pl.DataFrame, measure: str, confidence: float) -> go.Figure:
    """Improvement of the experimental group over the control group day by day, with intervals and the three phases.

    Args:
        days: of ``run_experiment``; none where there is no market, which the figure then says.
        measure: ``ctr`` (Figure 6) or ``cvr`` (Figure 7).
        confidence: of the intervals.
    """
    name, number = measure.upper(), {"ctr": 6, "cvr": 7}[measure]
    if days.is_empty():
        figure = go.Figure().update_layout(xaxis={"visible": False}, yaxis={"visible": False})
        words = NO_MARKET.replace(". ", ".<br>").replace(", so", ",<br>so")
        figure.add_annotation(text=words, showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper")
        return finish(figure, f"improvement of {name} by day: not simulated", height=320)
    need_columns(days, "day", "phase", *(f"{measure}_{key}" for key in ("improvement", "low", "high")))
    figure = go.Figure()
    _phases(figure, days)
    _mean(figure, days, measure, confidence)
    _days(figure, days, measure, confidence)
    figure.add_hline(y=0, line={"color": "black", "width": 1})
    figure.update_xaxes(title_text="day", dtick=1, range=[days["day"][0] - 0.6, days["day"][-1] + 0.6])
    figure.update_yaxes(title_text=f"improvement of {name}", tickformat="+.1%")
    figure.update_layout(legend={"orientation": "h", "y": -0.22})
    models = " against ".join(tested(days).select("experimental_model", "control_model").row(0))
    finish(figure, f"SIMULATION: improvement of {name} by day, {models} (compare the paper's Figure {number})")
    return figure.update_layout(margin={"t": 100})  # the names of the phases stand above


def _phases(figure: go.Figure, days: pl.DataFrame) -> None:
    """A background for each phase, and its name on top."""
    starts = days.group_by("phase", maintain_order=True).agg(pl.col("day").min(), pl.col("experimental_model").first())
    edges = [*starts["day"].to_list(), days["day"][-1] + 1]
    control = days["control_model"][0]
    for (begin, end), (phase, _, model) in zip(pairwise(edges), starts.iter_rows(), strict=True):
        label = f"{phase}<br>both: {model}" if model == control else f"{phase}<br>experimental group: {model}"
        figure.add_vrect(
            x0=begin - 0.5,
            x1=end - 0.5,
            fillcolor=GREY if model == control else ORANGE,
            opacity=0.16,
            line_width=0,
            layer="below",
        )
        figure.add_annotation(
            x=(begin + end - 1) / 2, y=1, yref="paper", yanchor="bottom", text=label, showarrow=False, font={"size": 11}
        )


def _days(figure: go.Figure, days: pl.DataFrame, measure: str, confidence: float) -> None:
    known = days.drop_nulls(f"{measure}_improvement")
    value, low, high = (known[f"{measure}_{key}"] for key in ("improvement", "low", "high"))
    reach = {"array": (high - value).to_list(), "arrayminus": (value - low).to_list()}
    figure.add_trace(
        go.Scatter(
            x=known["day"].to_list(),
            y=value.to_list(),
            mode="lines+markers",
            name=f"day, with its {confidence:.0%} interval",
            line={"color": BLUE, "width": 1},
            marker={"size": 8},
            error_y={"type": "data", "color": BLUE, "thickness": 1, **reach},
            hovertemplate="day %{x}: %{y:+.2%}<extra></extra>",
        )
    )


def _mean(figure: go.Figure, days: pl.DataFrame, measure: str, confidence: float) -> None:
    """The A/B days' mean as a line with a band, and what it estimates."""
    part = tested(days)
    ends = [part["day"][0] - 0.5, part["day"][-1] + 0.5]
    mean = mean_over_days(part, measure, confidence)
    if mean is not None:
        band = {"fill": "toself", "fillcolor": "rgba(213,94,0,0.2)", "line": {"width": 0}, "mode": "lines"}
        corners = {"x": [*ends, *ends[::-1]], "y": [mean.low, mean.low, mean.high, mean.high]}
        figure.add_trace(go.Scatter(**corners, **band, showlegend=False, hoverinfo="skip"))
        words = f"mean of the A/B days: {mean.value:+.1%} [{mean.low:+.1%}, {mean.high:+.1%}]"
        figure.add_trace(
            go.Scatter(x=ends, y=[mean.value] * 2, mode="lines", name=words, line={"color": ORANGE, "width": 2.5})
        )
    expected = [float(part[f"expected_ctr_{key}"].sum()) for key in ("treatment", "control")]
    if expected[1]:
        truth = expected[0] / expected[1] - 1
        line = {"color": GREEN, "width": 2, "dash": "dash"}
        words = f"true value, all requests ranked by both: {truth:+.1%}"
        figure.add_trace(go.Scatter(x=ends, y=[truth] * 2, mode="lines", name=words, line=line))
