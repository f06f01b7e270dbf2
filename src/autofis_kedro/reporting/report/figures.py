"""The report's figures as plain values: the page's script draws them in the colours of its theme."""

from __future__ import annotations

import json
from typing import Any

import plotly.graph_objects as go
import polars as pl

from autofis_kedro.reporting.evidence_plots import gain_dots
from autofis_kedro.reporting.gate_plots import alpha_trajectories
from autofis_kedro.reporting.plots import comparison_dots, training_curves
from autofis_kedro.reporting.report.contents import Contents, SearchedModel
from autofis_kedro.reporting.size_plots import size_curves_figure
from autofis_kedro.reporting.style import COLOURS, GREY
from autofis_kedro.reporting.written import PLOTLY_TEXTS, for_plotly

Figure = dict[str, Any]

TOKENS = dict(
    zip(COLOURS, ("--blue", "--orange", "--green", "--pink", "--amber", "--sky", "--ink", "--yellow"), strict=True)
) | {GREY: "--grey"}
"""The style sheet's variable for each colour of the figures."""
LAYOUT = ("template", "title", "margin")
"""Parts of a layout that the page sets itself."""
TRAJECTORIES = 80
STEPS = 100
DIGITS = 6


def figures(contents: Contents) -> dict[str, Any]:
    """Every figure by name; those with a switch by what is switched."""
    fm = contents.row_of("fm")
    reference = float(str(fm["valid_log_loss"])) if fm else None
    kept = next((found.selection.count(2) for found in contents.searched if found.name == "autofm"), None)
    made: dict[str, Any] = {
        "comparison": page_figure(comparison_dots(contents.compared)),
        "sizes": page_figure(size_curves_figure(contents.size_curves, reference, kept)),
        "training": {name: page_figure(training_curves(history, name)) for name, history in contents.histories.items()},
        "alpha": {found.name: page_figure(_trajectories(found, contents)) for found in contents.searched},
        "pairs": pair_values(contents),
    }
    if contents.evidence is not None:
        made["evidence"] = page_figure(gain_dots(contents.evidence))
    return made


def page_figure(figure: go.Figure) -> Figure:
    """Data and layout without template, title and margins; colours as variables, numbers rounded."""
    found = json.loads(figure.to_json())
    layout = {key: value for key, value in found["layout"].items() if key not in LAYOUT}
    plain: Figure = _with_tokens({"data": found["data"], "layout": layout})
    return plain


def _trajectories(found: SearchedModel, contents: Contents) -> go.Figure:
    """Alpha over the search, of the foremost pairs at about 100 steps: the page should stay small."""
    steps = found.trajectory["step"].unique().sort()
    thinned = steps.gather_every(max(1, len(steps) // STEPS)).append(steps.tail(1)).unique()
    top = found.gates.sort("rank").select("field_1", "field_2").rows()
    known = [pair for pair in contents.planted if len(pair) == 2]
    trajectory = found.trajectory.filter(pl.col("step").is_in(thinned.implode()))
    return alpha_trajectories(trajectory, known or top[:8], top[:TRAJECTORIES], found.name)


def pair_values(contents: Contents) -> dict[str, Any]:
    """For the heat map: alpha of every search, statistics_AUC and selection frequency of every pair.

    Returns:
        fields (names), pairs (two places in fields each), alpha (by model), statistics_auc, share (or None), kept (by
        model: places in pairs) and planted (places in pairs).
    """
    names = [field.name for field in contents.statistics.fields]
    place = {name: i for i, name in enumerate(names)}
    pairs = [(a, b) for a, b in contents.statistics_auc.select("field_1", "field_2").iter_rows()]
    number: dict[tuple[str, ...], int] = {pair: i for i, pair in enumerate(pairs)}
    auc = dict(zip(pairs, contents.statistics_auc["statistics_auc"], strict=True))
    shares = contents.shares()
    alphas = {}
    for found in contents.searched:
        known = {(a, b): alpha for a, b, alpha in found.gates.select("field_1", "field_2", "alpha").iter_rows()}
        alphas[found.name] = [known.get(pair) for pair in pairs]
    kept = {
        found.name: [number[i.fields] for i in found.selection.interactions if i.fields in number]
        for found in contents.searched
    }
    planted = [number[pair] for fields in contents.planted if (pair := tuple(fields)) in number]
    values: dict[str, Any] = {"alpha": alphas, "statistics_auc": [auc[pair] for pair in pairs]}
    values["share"] = [shares[pair] for pair in pairs] if shares is not None else None
    rounded: dict[str, Any] = _with_tokens(values)
    places = [[place[first], place[second]] for first, second in pairs]
    return {"fields": for_plotly(names), "pairs": places, "kept": kept, "planted": planted} | rounded


def _with_tokens(value: Any, *, is_text: bool = False) -> Any:
    """Colours replaced by variables, numbers rounded; a name may look like a colour."""
    if isinstance(value, dict):
        return {key: _with_tokens(part, is_text=key in PLOTLY_TEXTS) for key, part in value.items()}
    if isinstance(value, list):
        return [_with_tokens(part, is_text=is_text) for part in value]
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if value == value else None
    return TOKENS.get(value, value) if isinstance(value, str) and not is_text else value
