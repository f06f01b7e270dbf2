"""Where does the time of a training step go?

    python -m benchmarks.step_parts [--models fm,deepfm_400x3] [--seconds 4]

The step of ``step.py``, each model in a process of its own. Functions of the package are timed while it runs,
alternating with blocks in which they are not: their medians tell what the timing itself costs. Every moment of a step
belongs to one part, so that the parts add up to it. Only steps between the quartiles of their time count.

Beside them: what a batch of a larger set costs that is memory-mapped, as in a real training, shuffle included; and how
long it takes to open that set.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean, median
from types import ModuleType
from typing import Any

from torch import Tensor

from autofis_kedro.compiled import processor
from autofis_kedro.data.batches import training_batches
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.examples_folder import ExamplesWriter
from autofis_kedro.models import ctr
from autofis_kedro.models.attention import AttentionInteractions
from autofis_kedro.models.embeddings import FieldTable
from autofis_kedro.models.field_aware import FieldAwareInteractions
from autofis_kedro.models.interactions import Interactions, PairInteractions
from autofis_kedro.models.mlp import MLP
from autofis_kedro.optim import GRDA, EpsilonHatAdam
from autofis_kedro.optim.deferred_adam import DeferredAdam
from autofis_kedro.training.loop import _update
from autofis_kedro.training.tables import TableUpdates
from benchmarks.load import QUIET, OthersShare, wait_until_quiet
from benchmarks.processes import alone
from benchmarks.records import keep_if_quiet
from benchmarks.step_ours import examples_of, model_and_examples, training
from benchmarks.step_process import ROOT, THREADS
from benchmarks.step_worker import StepProblem
from benchmarks.stopwatch import Point, Stopwatch, installed

RESULTS = ROOT / "benchmarks" / "results" / "step_parts.json"
MODELS = ("fm", "fwfm", "autofm_search", "ffm", "deepfm_400x3", "deepfm_700x5", "ipnn_700x5")
BLOCKS = 8
BATCH, OTHER = "slice the batch", "other"
GROUP, CATCH_UP, UPDATE = "group reads by row", "bring rows up to date", "update rows"
LINEAR, READ, PAIRS, NET = "linear part", "read vectors", "pairs", "MLP"
PARTS = (
    BATCH,
    GROUP,
    CATCH_UP,
    f"{LINEAR}, forward",
    f"{LINEAR}, backward",
    f"{READ}, forward",
    f"{READ}, backward",
    f"{PAIRS}, forward",
    f"{PAIRS}, backward",
    f"{NET}, forward",
    f"{NET}, backward",
    UPDATE,
    "Adam and GRDA of the rest",
    OTHER,
)
"""*Other* is the sum of the logit's terms, the loss, autograd, checks and Python."""
LOADED_ROWS = 4_000_000


def _there_and_back(owner: type | ModuleType, name: str, part: str) -> Point:
    return Point(owner, name, f"{part}, forward", f"{part}, backward")


POINTS = (
    Point(TableUpdates, "begin", GROUP),
    Point(DeferredAdam, "_catch_up", CATCH_UP),
    _there_and_back(ctr, "sum_of_weights", LINEAR),
    _there_and_back(FieldTable, "forward", READ),
    _there_and_back(PairInteractions, "forward", PAIRS),
    _there_and_back(PairInteractions, "beside", PAIRS),
    _there_and_back(PairInteractions, "of_table", PAIRS),
    _there_and_back(Interactions, "values", PAIRS),
    _there_and_back(FieldAwareInteractions, "forward", PAIRS),
    _there_and_back(AttentionInteractions, "forward", PAIRS),
    _there_and_back(MLP, "forward", NET),
    Point(Tensor, "backward", OTHER),
    Point(TableUpdates, "step", UPDATE),
    Point(TableUpdates, "clear", UPDATE),
    Point(EpsilonHatAdam, "step", PARTS[-2]),
    Point(GRDA, "step", PARTS[-2]),
)


def timed_steps(problem: StepProblem, seconds: float) -> dict[str, Any]:
    """Milliseconds of steps without stopwatch, and of every part of those with it."""
    model, examples = model_and_examples(problem)
    run, batches = training(model, examples, problem)
    watch = Stopwatch()

    def step() -> None:
        with watch.part(BATCH):
            batch = next(batches)
        with watch.part(OTHER):
            _update(run, batch)

    for _ in range(problem.batches):
        step()
    plain: list[float] = []
    parts: list[dict[str, float]] = []
    share = OthersShare()
    for _ in range(BLOCKS):
        plain += _block(step, watch, seconds / 2 / BLOCKS, lambda: sum(watch.seconds.values()))
        with installed(POINTS, watch):
            parts += _block(step, watch, seconds / 2 / BLOCKS, lambda: dict(watch.seconds))
    others = share()
    return {"plain_ms": [1e3 * s for s in plain], "parts": parts, "others_share": others}


def _block(step: Callable[[], None], watch: Stopwatch, seconds: float, read: Callable[[], Any]) -> list[Any]:
    found = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(found) < 4:
        watch.seconds.clear()
        step()
        found.append(read())
    return found[len(found) // 2 :]  # the first half finds the caches as another block left them


def summary(model: str, measured: dict[str, Any]) -> dict[str, Any]:
    """Mean milliseconds of every part over the steps between the quartiles, which add up to the mean step."""
    steps = sorted(measured["parts"], key=lambda parts: sum(parts.values()))
    steps = steps[len(steps) // 4 : max(len(steps) // 4 + 1, 3 * len(steps) // 4)]
    unknown = set().union(*steps) - set(PARTS)
    assert not unknown, f"parts without a row: {unknown}"
    others = measured["others_share"]
    return {
        "model": model,
        "step_ms": round(1e3 * fmean(sum(parts.values()) for parts in steps), 3),
        "without_stopwatch_ms": round(median(measured["plain_ms"]), 3),
        "parts_ms": {part: round(1e3 * fmean(parts.get(part, 0.0) for parts in steps), 3) for part in PARTS},
        "others_share": None if others is None else round(others, 3),
    }


def loading_ms(problem: StepProblem, rows: int) -> dict[str, float]:
    """Milliseconds to open memory-mapped examples, and of a batch out of them: mean over a shuffled epoch."""
    schema, examples = examples_of(replace(problem, batches=rows // problem.batch_size))
    with tempfile.TemporaryDirectory(prefix="step_parts_") as name:
        folder = Path(name) / "examples"
        with ExamplesWriter(folder, schema) as writer:
            writer.append(examples)
        start = time.perf_counter()
        mapped = Examples.open(folder, schema)
        open_ms = 1e3 * (time.perf_counter() - start)
        epochs = []
        for epoch in range(3):  # the first finds the file as it was written
            start = time.perf_counter()
            n_batches = sum(1 for _ in training_batches(mapped, problem.batch_size, seed=0, epoch=epoch))
            epochs.append(1e3 * (time.perf_counter() - start) / n_batches)
    return {"rows": rows, "open_ms": round(open_ms, 2), "batch_ms": round(min(epochs[1:]), 3)}


def table(results: Sequence[dict[str, Any]], loading: dict[str, float]) -> str:
    """In Markdown: milliseconds, and the share of the step from 1 % on."""
    lines = ["| part, ms | " + " | ".join(f"`{row['model']}`" for row in results) + " |"]
    lines.append("|---" * (len(results) + 1) + "|")
    for part in PARTS:
        lines.append(
            f"| {part} | " + " | ".join(_cell(row["parts_ms"][part], row["step_ms"]) for row in results) + " |"
        )
    sums = {"sum": "step_ms", "the step without stopwatch": "without_stopwatch_ms"}
    lines += [f"| *{name}* | " + " | ".join(f"{row[key]:.2f}" for row in results) + " |" for name, key in sums.items()]
    shares = " | ".join(_cell(loading["batch_ms"], row["without_stopwatch_ms"]) for row in results)
    opened = f"Opening {loading['rows']:,} mapped rows takes {loading['open_ms']:.1f} ms."
    return "\n".join([*lines, f"| *a batch of {loading['rows']:,} mapped rows* | {shares} |", "", opened])


def _cell(part_ms: float, step_ms: float) -> str:
    share = part_ms / step_ms
    return f"{part_ms:.2f} ({share:.0%})" if share >= 0.01 else f"{part_ms:.2f}" if part_ms >= 0.005 else ""


def main() -> None:
    """Measure, print the table, keep the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--seconds", type=float, default=4, help="of a model, half of them with the stopwatch")
    parser.add_argument("--wait", type=float, default=60, help="seconds to wait for a quiet machine before a model")
    chosen = parser.parse_args()
    print(f"on {processor.described()}", flush=True)
    results = []
    for model in chosen.models.split(","):
        wait_until_quiet(chosen.wait)
        problem = StepProblem(model=model)
        results.append(summary(model, alone(THREADS, timed_steps, problem, chosen.seconds)))
    loading = alone(THREADS, loading_ms, StepProblem(), LOADED_ROWS)
    print(table(results, loading))
    content = {"problem": asdict(StepProblem()), "results": results, "mapped": loading}
    keep_if_quiet(RESULTS, content, is_quiet=all((row["others_share"] or 0.0) <= QUIET for row in results))


if __name__ == "__main__":
    main()
