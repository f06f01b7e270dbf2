"""How does a training step scale: with the batch, the embedding size, the fields, the ids, the pairs kept?

    python -m benchmarks.scaling [--models fm,autofm_search] [--factors ids] [--rounds 3] [--figure scaling.html]

One factor at a time around the problem of ``step.py``. All points of a factor and the base point are processes whose
blocks alternate, so that the ratio to the base point is one of the same minute. Ten million ids of 40 numbers with both
moments of Adam take 5 GB.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from autofis_kedro.reporting.style import COLOURS, finish
from benchmarks.records import machine
from benchmarks.step import OURS_PROGRAM
from benchmarks.step_process import ROOT, alternate, quiet_rounds, ratios
from benchmarks.step_worker import StepProblem

RESULTS = ROOT / "benchmarks" / "results" / "scaling.json"
BASE = StepProblem()


@dataclass(frozen=True)
class Factor:
    """What is varied.

    Attributes:
        field: of ``StepProblem``.
        title: for the table.
        values: of the factor, the base's included.
    """

    field: str
    title: str
    values: tuple[float, ...]


FACTORS = (
    Factor("batch_size", "rows of a batch", (500, 1000, 2000, 5000, 10_000, 20_000)),
    Factor("embedding_dim", "embedding size", (8, 16, 40, 80)),
    Factor("fields", "fields", (8, 16, 24, 39, 64)),
    Factor("ids", "ids", (60_000, 600_000, 3_000_000, 10_000_000)),
    Factor("kept", "share of pairs kept", (0.1, 0.3, 0.5, 0.75, 1.0)),
)
MODELS = ("fm", "fwfm", "autofm_search", "deepfm_400x3")
TIMES = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20)
"""Marked on the figure's axis."""
RETRAINED = ("autofm_retrain", "autodeepfm_retrain")
"""What pairs can be left out of."""


def problems(model: str, factor: Factor) -> list[tuple[float, StepProblem]]:
    """The points of a factor, the base point first."""
    base_value = getattr(BASE, factor.field)
    assert base_value in factor.values, f"{factor.field}: the base point is not among the values"
    values = sorted(factor.values, key=lambda value: (value != base_value, value))
    return [(value, replace(BASE, model=model, **{factor.field: value})) for value in values]


def measure(model: str, factor: Factor, rounds: int, wait: float) -> dict[str, Any]:
    """All points of a factor in alternation."""
    points = problems(model, factor)
    workers = alternate([(OURS_PROGRAM, problem) for _, problem in points], rounds, 0.5, wait)
    found = [
        {
            "value": value,
            "step_ms": round(worker.step_ms, 3),
            "rows_per_second": round(1e3 * problem.batch_size / worker.step_ms),
            "times_base": round(median(ratios(workers[0], worker)), 3),
            "times_base_range": [round(f(ratios(workers[0], worker)), 3) for f in (min, max)],
            "rows_read_by_a_batch": round(problem.rows_read()),
        }
        for (value, problem), worker in zip(points, workers, strict=True)
    ]
    in_order = sorted(found, key=lambda point: point["value"])
    return {"model": model, "factor": factor.field, "quiet_rounds": sum(quiet_rounds(workers)), "points": in_order}


def table(results: Sequence[dict[str, Any]], factor: Factor) -> str:
    """A factor in Markdown: models side by side."""
    mine = [result for result in results if result["factor"] == factor.field]
    models = " | ".join(f"`{result['model']}`" for result in mine)
    lines = [f"| {factor.title} | table rows read | {models} |", "|---:" * (len(mine) + 2) + "|"]
    for place, first in enumerate(mine[0]["points"]):
        points = [result["points"][place] for result in mine]
        cells = [f"{p['step_ms']:.1f} ms, {p['times_base']:.2f}, {p['rows_per_second'] / 1e3:,.0f}" for p in points]
        cells = [_said(factor, first["value"]), f"{first['rows_read_by_a_batch']:,}", *cells]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _said(factor: Factor, value: float) -> str:
    return f"{value:.0%}" if factor.field == "kept" else f"{value:,}"


def figure(results: Sequence[dict[str, Any]]) -> go.Figure:
    """A panel for each factor: times the base point's step, both axes logarithmic."""
    factors = [factor for factor in FACTORS if any(result["factor"] == factor.field for result in results)]
    panels = make_subplots(1, len(factors), shared_yaxes=True, horizontal_spacing=0.02)
    models = list(dict.fromkeys(result["model"] for result in results))
    seen: set[str] = set()
    for result in results:
        column = [factor.field for factor in factors].index(result["factor"]) + 1
        values, times = zip(*((p["value"], p["times_base"]) for p in result["points"]), strict=True)
        colour = COLOURS[models.index(result["model"])]
        is_new = result["model"] not in seen
        seen.add(result["model"])
        line = go.Scatter(x=values, y=times, name=result["model"], line_color=colour, showlegend=is_new)
        panels.add_trace(line.update(mode="lines+markers", legendgroup=result["model"]), row=1, col=column)
    for column, factor in enumerate(factors, 1):
        ticks = {"tickvals": list(factor.values), "ticktext": [_short(factor, value) for value in factor.values]}
        panels.update_xaxes(type="log", title_text=factor.title, **ticks, row=1, col=column)
    panels.update_yaxes(type="log", tickvals=TIMES, ticktext=[f"{times:g}" for times in TIMES])
    panels.update_yaxes(title_text="times the base point's step", col=1)
    panels.update_layout(legend={"orientation": "h", "y": 1.12, "x": 1, "xanchor": "right"}, width=1400)
    return finish(panels, "A training step, one factor at a time", height=420)


def _short(factor: Factor, value: float) -> str:
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:g}{unit}"
    return _said(factor, value)


def keep(result: dict[str, Any], path: Path) -> None:
    """Put a model's points of a factor into the file, in place of earlier ones."""
    earlier = json.loads(path.read_text())["results"] if path.exists() else []
    key = ("model", "factor")
    others = [row for row in earlier if any(row[name] != result[name] for name in key)]
    results = sorted([*others, result], key=_place)
    path.write_text(json.dumps({"machine": machine(), "base": asdict(BASE), "results": results}, indent=1) + "\n")


def _place(result: dict[str, Any]) -> tuple[int, int]:
    fields = [factor.field for factor in FACTORS]
    return fields.index(result["factor"]), (*MODELS, *RETRAINED).index(result["model"])


def main() -> None:
    """Measure and keep the numbers; print the tables of all that is kept, those of earlier runs included."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join([*MODELS, *RETRAINED]))
    parser.add_argument("--factors", default=",".join(factor.field for factor in FACTORS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--wait", type=float, default=60, help="seconds to wait for a quiet machine before a round")
    parser.add_argument("--figure", type=Path, help="html file for the figure of all that is kept")
    chosen = parser.parse_args()
    for factor in (factor for factor in FACTORS if factor.field in chosen.factors.split(",")):
        for model in chosen.models.split(","):
            if (model in RETRAINED) == (factor.field == "kept"):
                result = measure(model, factor, chosen.rounds, chosen.wait)
                if result["quiet_rounds"]:
                    keep(result, RESULTS)
                else:
                    print(f"no quiet round for {model} by {factor.title}: not kept; measure again", flush=True)
    results = json.loads(RESULTS.read_text())["results"] if RESULTS.exists() else []
    found = [table(results, factor) for factor in FACTORS if any(row["factor"] == factor.field for row in results)]
    print("\n\n".join(found) + "\n\nA cell: milliseconds of the median step, times the base point's, thousand rows/s.")
    if chosen.figure is not None:
        figure(results).write_html(chosen.figure, include_plotlyjs=True, config={"displayModeBar": False})


if __name__ == "__main__":
    main()
