"""FFM by xlearn and by torch: which validation AUC after how many seconds?

    kedro run --env criteo --pipeline bucketing --params raw_path=<criteo_sample.tsv.gz>
    python -m benchmarks.ffm_race --xlearn path/to/python [--seeds 3]

Both have the preset of ``conf/criteo``, two threads, and are evaluated after every epoch; the seconds are those of
training and evaluation, from the first step on. What comes before is *start*: xlearn writes and reads text, ours loads
compiled loops. Rows per second are of training alone. xlearn updates row by row with AdaGrad: *hogwild* lets its
threads race, which no run repeats; ``engine: xlearn`` forbids that. The formula is the same (``training/xlearn.py``).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.models import CTRModel
from autofis_kedro.training import ModelConfig, TrainingConfig
from autofis_kedro.training.loop import fit
from autofis_kedro.training.xlearn import COLOUR
from autofis_kedro.training.xlearn_files import write_libffm
from benchmarks.load import QUIET, OthersShare, wait_until_quiet
from benchmarks.processes import alone
from benchmarks.records import keep_if_quiet
from benchmarks.step_process import ROOT, THREADS

RESULTS = ROOT / "benchmarks" / "results" / "ffm_race.json"
CHILD = Path(__file__).with_name("ffm_race_xlearn.py")
EPOCH = re.compile(r"\]\s+(\d+)\s+[\d.]+\s+[\d.]+\s+([\d.]+)\s+([\d.]+)\s")
READING = re.compile(r"Time cost for reading problem: ([\d.]+)")
XLEARN_EPOCHS, SPEED_EPOCHS = 10, (2, 7)
TORCH_EPOCHS = 6
LEVELS = (0.755, 0.759, 0.762)
"""Validation AUC."""


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes:
        start: seconds before its first step.
        rows_per_second: of training alone.
        curve: seconds since the first step and validation AUC, after every epoch.
        others: share of the cores that other processes used; None where the system does not tell.
    """

    start: float
    rows_per_second: float
    curve: tuple[tuple[float, float], ...]
    others: float | None = None

    def seconds_to(self, auc: float) -> float | None:
        """Until the first evaluation that reaches it; None if none does."""
        return next((seconds for seconds, reached in self.curve if reached >= auc), None)

    @property
    def best(self) -> tuple[float, float]:
        """Seconds and AUC of the best evaluation."""
        return max(self.curve, key=lambda point: point[1])


@dataclass(frozen=True)
class Rows:
    """The Criteo sample, encoded, and the preset of its FFM."""

    schema: Schema
    train: Examples
    valid: Examples
    model: ModelConfig
    training: TrainingConfig


def rows() -> Rows:
    """What ``kedro run --env criteo --pipeline bucketing`` left, and the parameters of ``conf/criteo``."""
    bootstrap_project(ROOT)
    with KedroSession.create(ROOT, env="criteo") as session:
        context = session.load_context()
        model = ModelConfig.model_validate(context.params["ffm"])
        training = model.training_of(TrainingConfig.model_validate(context.params["training"]))
        schema, train, valid = (context.catalog.load(name) for name in ("schema", "train_examples", "valid_examples"))
    return Rows(schema, train, valid, model, training)


def by_torch(seed: int, *, changes: dict[str, Any]) -> Run:
    """Ours, in this process."""
    found = rows()
    every_epoch = {"evaluations_per_epoch": 1, "epochs": TORCH_EPOCHS, "patience": TORCH_EPOCHS}
    config = TrainingConfig.model_validate(found.training.model_dump() | every_epoch | changes)
    began = time.perf_counter()
    fit(CTRModel(found.model.spec, found.schema), *_few(found, config), config.model_copy(update={"epochs": 1}), seed=0)
    start, share = time.perf_counter() - began, OthersShare()
    model = CTRModel(found.model.spec, found.schema, seed=seed)
    fitted = fit(model, found.train, found.valid, config, seed=seed, name="ffm")
    curve = tuple((record.seconds, record.valid_auc) for record in fitted.history)
    return Run(start, fitted.rows_per_second, curve, share())


def _few(found: Rows, config: TrainingConfig) -> list[Examples]:
    n_rows = 2 * config.batch_size
    return [Examples.from_arrays(some.one_hot[:n_rows], some.labels[:n_rows]) for some in (found.train, found.valid)]


def by_xlearn(seed: int, *, python: str, is_hogwild: bool) -> Run:
    """xlearn's, by another Python."""
    found = rows()
    n_pairs = len(found.schema.tuples(2))
    config = found.model.xlearn
    parameters = {
        "task": "binary",
        "k": found.model.spec.embedding_dim,
        "lr": config.learning_rate,
        "lambda": config.l2,
        "init": config.scale_for(n_pairs),
        "metric": "auc",
    }
    job = {"seed": seed, "is_hogwild": is_hogwild, "parameters": parameters}
    share = OthersShare()
    with tempfile.TemporaryDirectory(prefix="ffm_race_") as name:
        began = time.perf_counter()
        for split, examples in (("train", found.train), ("valid", found.valid)):
            write_libffm(examples, found.schema, Path(name) / split)
        written = time.perf_counter() - began
        printed, _ = _child(python, Path(name), job, XLEARN_EPOCHS, is_evaluated=True)
        short, long = (_child(python, Path(name), job, epochs, is_evaluated=False)[1] for epochs in SPEED_EPOCHS)
    rate = found.train.n_rows * (SPEED_EPOCHS[1] - SPEED_EPOCHS[0]) / (long - short)
    return Run(written + float(READING.findall(printed)[0]), rate, parse_curve(printed), share())


def parse_curve(printed: str) -> tuple[tuple[float, float], ...]:
    """Seconds so far and validation AUC of every epoch that xlearn reports."""
    curve: list[tuple[float, float]] = []
    for _, auc, seconds in EPOCH.findall(COLOUR.sub("", printed)):
        curve.append(((curve[-1][0] if curve else 0.0) + float(seconds), float(auc)))
    return tuple(curve)


def _child(python: str, folder: Path, job: dict[str, Any], epochs: int, *, is_evaluated: bool) -> tuple[str, float]:
    """Run xlearn; what it printed, and the seconds that ``fit`` took."""
    user = f"autofis{uuid.uuid4().hex}"  # it needs some user, and names its logs after it
    given = job | {"is_evaluated": is_evaluated, "parameters": job["parameters"] | {"epoch": epochs}}
    environment = {**os.environ, "USER": user, "PYTHONPATH": ""}
    command = [python, "-P", str(CHILD), json.dumps(given)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    for log in Path(tempfile.gettempdir()).glob(f"xlearn_log.*.{user}.*"):
        log.unlink(missing_ok=True)
    told = done.stdout.splitlines()[-1:]  # written last: xlearn ends with status 0 where it should raise
    if done.returncode or not told or not told[0].startswith("fit took "):
        raise SystemExit(f"xlearn failed with status {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}")
    return done.stdout, float(told[0].removeprefix("fit took "))


def racers(python: str) -> dict[str, Callable[[int], Run]]:
    """What is raced, given a seed."""
    large = {"batch_size": 4000, "learning_rate": 1e-3}
    lazy = {"table_adam": "lazy", "l2_embedding": 0.0, "l2_linear": 0.0}
    return {
        "xlearn, hogwild": partial(by_xlearn, python=python, is_hogwild=True),
        "xlearn, as `engine: xlearn`": partial(by_xlearn, python=python, is_hogwild=False),
        "torch, preset (batch 1,000)": partial(by_torch, changes={}),
        "torch, batch 4,000, rate 1e-3": partial(by_torch, changes=large),
        "the same, lazy Adam without l2": partial(by_torch, changes=large | lazy),
    }


def table(found: Mapping[str, Sequence[Run]]) -> str:
    """In Markdown, means over seeds, of rows per second the range; a level that a seed does not reach has no time."""
    heads = [f"s to {level:.3f}" for level in LEVELS]
    columns = ["FFM", "thousand rows/s", "start, s", *heads, "best AUC", "s to it"]
    lines = ["| " + " | ".join(columns) + " |", "|---" + "|---:" * (len(columns) - 1) + "|"]
    for name, runs in found.items():
        times = [[run.seconds_to(level) for run in runs] for level in LEVELS]
        reached = ["" if None in level else f"{fmean(s for s in level if s is not None):.1f}" for level in times]
        best_seconds, best = (fmean(values) for values in zip(*(run.best for run in runs), strict=True))
        slowest, fastest = (f(run.rows_per_second for run in runs) / 1e3 for f in (min, max))
        start = fmean(run.start for run in runs)
        cells = [
            name,
            f"{slowest:.0f} to {fastest:.0f}",
            f"{start:.1f}",
            *reached,
            f"{best:.4f}",
            f"{best_seconds:.1f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Race, print the table, keep the curves."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--xlearn", default=".venv-xlearn/bin/python", help="Python with xlearn (make bench-ffm)")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--wait", type=float, default=60, help="seconds to wait for a quiet machine")
    chosen = parser.parse_args()
    python = Path(chosen.xlearn).absolute()  # not resolved: an environment's Python is a link
    if not python.exists():
        raise SystemExit(f"no {chosen.xlearn}: make bench-ffm creates it")
    wait_until_quiet(chosen.wait)
    found: dict[str, list[Run]] = {}
    for seed in range(chosen.seeds):  # in turn, so that what else the machine does falls on all
        for name, racer in racers(str(python)).items():
            found.setdefault(name, []).append(alone(THREADS, racer, seed))
    print(table(found))
    curves = {name: [asdict(run) for run in runs] for name, runs in found.items()}
    is_quiet = all((run.others or 0.0) <= QUIET for runs in found.values() for run in runs)
    keep_if_quiet(RESULTS, {"dataset": "criteo sample", "runs": curves}, is_quiet=is_quiet)


if __name__ == "__main__":
    main()
