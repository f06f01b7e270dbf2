"""Figures of the synthetic problem, whose pairs that matter are known (paper sec. 4.5.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import polars as pl

from autofis_kedro.errors import UserError
from autofis_kedro.reporting.style import BLUE, COLOURS, GREY, ORANGE, finish, need_columns
from autofis_kedro.selection import Selection

BARS = 60


def check_planted(planted: Sequence[Sequence[str]]) -> None:
    """Whether Figure 5 can be drawn.

    Raises:
        UserError: no planted pair is known.
    """
    if not any(len(fields) == 2 for fields in planted):
        raise UserError(
            "figure5 needs known planted pairs, which no click log has: run it on --env synthetic, with pairs in "
            "synthetic.planted"
        )


def auc_over_epochs(histories: Mapping[str, pl.DataFrame]) -> go.Figure:
    """Validation AUC of several models by epoch (Figure 4); thin lines are further seeds.

    Args:
        histories: by model: seed, epoch, valid_auc.
    """
    figure = go.Figure()
    for colour, (name, history) in zip(COLOURS, histories.items(), strict=False):
        need_columns(history, "seed", "epoch", "valid_auc")
        best = float(history.group_by("seed").agg(pl.col("valid_auc").max())["valid_auc"].to_numpy().mean())
        for number, part in enumerate(history.partition_by("seed", maintain_order=True)):
            line = go.Scatter(
                x=part["epoch"].to_list(),
                y=part["valid_auc"].to_list(),
                name=f"{name} (best {best:.4f})",
                legendgroup=name,
                showlegend=number == 0,
                mode="lines+markers",
                line={"color": colour, "width": 2.5 if number == 0 else 1},
                marker={"size": 6 if number == 0 else 3},
                hovertemplate=f"{name}, seed {part['seed'][0]}, epoch %{{x:.2f}}: %{{y:.5f}}<extra></extra>",
            )
            figure.add_trace(line)
    figure.update_xaxes(title_text="epoch", rangemode="tozero")
    figure.update_yaxes(title_text="validation AUC")
    return finish(figure, "validation AUC during training (Figure 4)")


def alpha_of_planted(gates: pl.DataFrame, selection: Selection, planted: Sequence[Sequence[str]]) -> go.Figure:
    """Alpha of every pair by rank, the planted ones orange, closed ones at 0 (Figure 5); of many pairs the foremost.

    Args:
        gates: field_1, field_2, alpha, rank.
        selection: what was kept of them.
        planted: the pairs that matter, by field names.

    Raises:
        UserError: no planted pair is known.
    """
    check_planted(planted)
    need_columns(gates, "field_1", "field_2", "alpha", "rank")
    ranked = gates.sort("rank").head(BARS)
    pairs = {frozenset(fields) for fields in planted if len(fields) == 2}
    columns = ranked.select("field_1", "field_2", "alpha").iter_rows()
    rows = [(f"{a} × {b}", float(alpha), frozenset((a, b)) in pairs) for a, b, alpha in columns]
    figure = go.Figure()
    for is_planted, name, colour in ((True, "planted", ORANGE), (False, "not planted", BLUE)):
        part = [(pair, alpha) for pair, alpha, found in rows if found == is_planted]
        bars = go.Bar(x=[pair for pair, _ in part], y=[alpha for _, alpha in part], name=name, marker={"color": colour})
        figure.add_trace(bars)
    closed = [pair for pair, alpha, _ in rows if alpha == 0]
    cross = {"symbol": "x-thin", "size": 9, "line": {"width": 2, "color": GREY}}
    figure.add_trace(go.Scatter(x=closed, y=[0] * len(closed), mode="markers", name="closed", marker=cross))
    figure.update_xaxes(
        categoryorder="array",
        categoryarray=[pair for pair, _, _ in rows],
        tickangle=-60,
        title_text="pair, by rank",
    )
    figure.update_yaxes(title_text="alpha at the end of the search")
    kept = selection.count(2)
    if kept < len(rows):  # what is kept comes first in rank
        figure.add_vline(x=kept - 0.5, line={"color": GREY, "dash": "dash"}, annotation_text=f" kept: {kept}")
    n_closed = gates.filter(pl.col("alpha") == 0).height
    shown = f", the foremost {len(rows)} shown" if len(rows) < len(gates) else ""
    title = f"alpha of every pair (Figure 5): {n_closed} of {len(gates)} gates closed{shown}"
    return finish(figure, title, height=520)
