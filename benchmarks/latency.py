"""How long does it take to rank 500 candidates, beside plain eager torch?

    python -m benchmarks.latency [--requests 1000]

``analysis/online/latency.py`` on models of the paper's size for Avazu: 24 fields, 600,000 ids, k = 40, MLP 700 x 5, as
initialised. AutoFM and AutoDeepFM have 30 % of the pairs. *Eager* is the same model with the same weights out of
torch's own layers (``latency_eager.py``). All models take turns on every request, which is 500 rows drawn anew; once
with one thread and once with two, each in a process of its own.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import polars as pl

from autofis_kedro.analysis.online import LatencyConfig, measure_latency
from autofis_kedro.models import Predictor, predictor
from benchmarks.latency_eager import Eager
from benchmarks.load import QUIET, OthersShare, wait_until_quiet
from benchmarks.processes import alone
from benchmarks.records import keep_if_quiet
from benchmarks.step_ours import model_and_examples
from benchmarks.step_process import ROOT, THREADS
from benchmarks.step_worker import StepProblem

RESULTS = ROOT / "benchmarks" / "results" / "latency.json"
BASE = StepProblem(batches=100)
MODELS = {
    "FM": {"model": "fm"},
    "AutoFM, 30 % of the pairs": {"model": "autofm_retrain", "kept": 0.3},
    "DeepFM": {"model": "deepfm_paper"},
    "AutoDeepFM, 30 % of the pairs": {"model": "autodeepfm_retrain", "kept": 0.3},
}
EAGER = {"FM": "FM, eager torch", "DeepFM": "DeepFM, eager torch"}
BESIDE = {name: EAGER["DeepFM" if "Deep" in name else "FM"] for name in MODELS}
"""The eager model that each of ours is compared with."""


def measure(problem: StepProblem, config: LatencyConfig) -> tuple[pl.DataFrame, float | None]:
    """Every model's time on every request, and the share of the cores that other processes used."""
    scorers: dict[str, Predictor] = {}
    for name, changes in MODELS.items():
        model, examples = model_and_examples(replace(problem, **changes))
        scorers[name] = predictor(model)
        if name in EAGER:
            scorers[EAGER[name]] = Eager(model).eval()
    share = OthersShare()
    return measure_latency(scorers, examples, config), share()


def summary(latencies: pl.DataFrame, threads: int) -> list[dict[str, Any]]:
    """Percentiles of every model, and the median over the requests of the eager model's time by its own."""
    times = {str(name): rows["milliseconds"].to_numpy() for (name,), rows in latencies.group_by("model")}
    return [
        {"model": name, "threads": threads, **_percentiles(times[name]), **_beside(times, name)}
        for name in (*MODELS, *EAGER.values())
    ]


def _percentiles(times: np.ndarray) -> dict[str, float]:
    return {f"p{q}_ms": round(float(np.percentile(times, q)), 3) for q in (50, 99)}


def _beside(times: Mapping[str, np.ndarray], name: str) -> dict[str, float]:
    return {"eager_times": round(float(np.median(times[BESIDE[name]] / times[name])), 2)} if name in BESIDE else {}


def table(rows: Sequence[dict[str, Any]]) -> str:
    """In Markdown: a line for each model, columns by threads."""
    threads = list(dict.fromkeys(row["threads"] for row in rows))
    heads = [
        f"{head}, {n} thread{'s' if n > 1 else ''}" for n in threads for head in ("p50 ms", "p99 ms", "eager / ours")
    ]
    lines = ["| model | " + " | ".join(heads) + " |", "|---" + "|---:" * len(heads) + "|"]
    for name in (*MODELS, *EAGER.values()):
        mine = [row for row in rows if row["model"] == name]
        cells = [(f"{row['p50_ms']:.2f}", f"{row['p99_ms']:.2f}", f"{row.get('eager_times', '')}") for row in mine]
        lines.append(f"| {name} | " + " | ".join(cell for three in cells for cell in three) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print the table, keep the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--wait", type=float, default=60, help="seconds to wait for a quiet machine")
    chosen = parser.parse_args()
    rows, busy = [], False
    for threads in (1, THREADS):
        wait_until_quiet(chosen.wait)
        latencies, others = alone(threads, measure, BASE, LatencyConfig(requests=chosen.requests))
        rows += summary(latencies, threads)
        busy |= (others or 0.0) > QUIET
    print(table(rows))
    content = {"problem": asdict(BASE), "candidates": LatencyConfig().candidates, "results": rows}
    keep_if_quiet(RESULTS, content, is_quiet=not busy)


if __name__ == "__main__":
    main()
