"""Figures of searches that differ in their seed (paper sec. 4.7.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from autofis_kedro.reporting.gate_plots import cells, mark_pairs, pair_grid
from autofis_kedro.reporting.style import BLUE, GREY, ORANGE, finish, need_columns

PANEL = 380
"""Height of a panel in pixels."""


def stability_correlations(gates: pl.DataFrame, agreements: Mapping[str, pl.DataFrame]) -> go.Figure:
    """For each variant alpha of every pair in one search against another, and the correlation of every two searches.

    Args:
        gates: variant, seed, field_1, field_2, alpha, kept.
        agreements: by variant, for every two searches: first, second (places), correlation.
    """
    need_columns(gates, "variant", "seed", "field_1", "field_2", "alpha", "kept")
    known = {name: found["correlation"].drop_nulls().to_numpy() for name, found in agreements.items()}
    said = {name: f"{values.mean():.3f}" if len(values) else "undefined" for name, values in known.items()}
    figure = make_subplots(
        rows=2,
        cols=len(agreements),
        subplot_titles=[f"{name}: mean correlation {said[name]}" for name in agreements],
        vertical_spacing=0.14,
    )
    for place, (variant, agreement) in enumerate(agreements.items(), start=1):
        _scatter(figure, gates.filter(variant=variant), place)
        seeds = [f"seed {seed}" for seed in gates.filter(variant=variant)["seed"].unique().sort()]
        figure.add_trace(_matrix(seeds, agreement), row=2, col=place)
        figure.update_yaxes(autorange="reversed", row=2, col=place)
    figure.update_xaxes(title_text="Pearson correlation of alpha, every two searches", showgrid=False, row=2)
    figure.update_yaxes(showgrid=False, row=2)
    figure.update_layout(
        coloraxis={
            "colorscale": "Blues",
            "cmin": 0,
            "cmax": 1,
            "colorbar": {"title": "Pearson", "len": 0.42, "y": 0.2},
        },
        legend={"orientation": "h", "y": 1.1, "x": 1.0, "xanchor": "right"},
    )
    return finish(figure, "does alpha depend on the seed?", height=2 * PANEL + 140)


def _scatter(figure: go.Figure, gates: pl.DataFrame, place: int) -> None:
    """Alpha in the first search against alpha in the second."""
    first, second, *_ = gates["seed"].unique().sort().to_list()
    one, other = (gates.filter(seed=seed).drop("variant", "seed") for seed in (first, second))
    both = one.join(other, on=["field_1", "field_2"], suffix="_other", validate="1:1")
    n_kept = pl.col("kept").cast(pl.Int8) + pl.col("kept_other").cast(pl.Int8)
    for count, name, colour in ((0, "kept by neither", GREY), (1, "by one of the two", BLUE), (2, "by both", ORANGE)):
        part = both.filter(n_kept == count)
        dots = go.Scatter(
            x=part["alpha"].to_list(),
            y=part["alpha_other"].to_list(),
            text=[f"{a} × {b}" for a, b in part.select("field_1", "field_2").iter_rows()],
            name=name,
            legendgroup=name,
            showlegend=place == 1,
            mode="markers",
            marker={"color": colour, "size": 7, "opacity": 0.8},
            hovertemplate="%{text}: %{x:.4f}, %{y:.4f}<extra></extra>",
        )
        figure.add_trace(dots, row=1, col=place)
    alphas = both.select("alpha", "alpha_other").to_numpy()
    ends = [float(alphas.min()), float(alphas.max())]
    line = go.Scatter(
        x=ends, y=ends, mode="lines", line={"color": GREY, "width": 1}, showlegend=False, hoverinfo="skip"
    )
    figure.add_trace(line, row=1, col=place)
    figure.update_xaxes(title_text=f"alpha, seed {first}", row=1, col=place)
    figure.update_yaxes(title_text=f"alpha, seed {second}", row=1, col=place)


def _matrix(seeds: Sequence[str], agreement: pl.DataFrame) -> go.Heatmap:
    """Correlation of every two searches; blank on the diagonal, where it says nothing."""
    grid = np.full((len(seeds), len(seeds)), np.nan)
    for first, second, correlation in agreement.select("first", "second", "correlation").drop_nulls().iter_rows():
        grid[first, second] = grid[second, first] = correlation
    return go.Heatmap(
        z=cells(grid),
        x=list(seeds),
        y=list(seeds),
        coloraxis="coloraxis",
        texttemplate="%{z:.3f}",
        xgap=1,
        ygap=1,
        hovertemplate="%{x}, %{y}: %{z:.4f}<extra></extra>",
    )


def frequency_heatmap(gates: pl.DataFrame, planted: Sequence[Sequence[str]] = (), which: str = "searches") -> go.Figure:
    """Share of the searches that kept each pair of fields; a circle marks a planted one.

    Args:
        gates: seed, field_1, field_2, kept of every pair in every search.
        planted: pairs that are known to matter.
        which: searches, for the title.
    """
    need_columns(gates, "seed", "field_1", "field_2", "kept")
    share = gates.group_by("field_1", "field_2", maintain_order=True).agg(pl.col("kept").mean().alias("share"))
    names, grid = pair_grid(share, "share")
    figure = go.Figure(
        go.Heatmap(
            z=cells(grid),
            x=names,
            y=names,
            colorscale=[[0, "#ECEFF3"], [1, BLUE]],
            zmin=0,
            zmax=1,
            colorbar={"title": "searches", "tickformat": ".0%"},
            xgap=1,
            ygap=1,
            hovertemplate="%{x} × %{y}: kept by %{z:.0%}<extra></extra>",
        )
    )
    ring = {"symbol": "circle-open", "size": max(10, 26 - len(names)), "color": ORANGE, "line": {"width": 3}}
    mark_pairs(figure, planted, "planted", ring)
    figure.update_layout(showlegend=bool(planted), legend={"orientation": "h", "y": 1.06, "x": 0.6})
    figure.update_xaxes(type="category", showgrid=False, tickangle=-60 if len(names) > 8 else 0)
    figure.update_yaxes(type="category", showgrid=False, autorange="reversed")
    counts = {name: share.filter(condition).height for name, condition in _KEPT_BY.items()}
    said = ", ".join(f"{count} by {name}" for name, count in counts.items())
    title = f"pairs that {gates['seed'].n_unique()} {which} kept: {said}"
    return finish(figure, title, height=max(520, 16 * len(names) + 160))


_KEPT_BY = {
    "all": pl.col("share") == 1,
    "some": (pl.col("share") > 0) & (pl.col("share") < 1),
    "none": pl.col("share") == 0,
}
