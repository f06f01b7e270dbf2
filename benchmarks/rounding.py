"""Does training by the fast paths differ more from plain torch than rounding alone makes plain torch differ?

    kedro run --env criteo --pipeline statistics_auc --params raw_path=<criteo_sample.tsv.gz>
    python -m benchmarks.rounding [--model deepfm] [--seeds 36]

For models whose training is chaotic, of which the test AUC of ``benchmarks.fast_paths`` cannot tell. Every seed is
trained three times over the encoded examples that the first command left: by plain torch, by plain torch with *nudged*
initial weights, each of which is the next number up or down or itself, and by the fast paths.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from rich.console import Console
from rich.progress import track
from rich.table import Table

from autofis_kedro.compiled import is_plain_torch, plain_torch
from autofis_kedro.data.batches import training_batches
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.evaluation.metrics import score
from autofis_kedro.models import CTRModel, ModelSpec
from autofis_kedro.training import ModelConfig, TrainingConfig
from autofis_kedro.training.evaluate import predict
from autofis_kedro.training.loop import _update, fit
from autofis_kedro.training.optimizers import make_optimizers
from autofis_kedro.training.run import Run

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
WAYS = ("plain", "nudged", "fast")
EARLY = 50
"""Steps after which weights are compared."""


@dataclass(frozen=True)
class Problem:
    """A model's preset in the Criteo environment, and the rows."""

    spec: ModelSpec
    training: TrainingConfig
    schema: Schema
    train: Examples
    valid: Examples
    test: Examples


@dataclass(frozen=True)
class Outcome:
    """Of one seed, by way: the test AUC, and the largest relative distance of a weight matrix from plain torch's."""

    seed: int
    test_auc: dict[str, float]
    early_distance: dict[str, float]


@cache
def load(model: str) -> Problem:
    """As ``kedro run`` would train it, over the newest encoded examples."""
    bootstrap_project(ROOT)
    with KedroSession.create(ROOT, env="criteo") as session:
        context = session.load_context()
        names = ("schema", "train_examples", "valid_examples", "test_examples")
        schema, *examples = (context.catalog.load(name) for name in names)
        preset = ModelConfig.model_validate(context.params[model])
        common = TrainingConfig.model_validate(context.params["training"])
    on_cpu = common.model_copy(update={"device": "cpu"})  # elsewhere nothing is compiled
    return Problem(preset.spec, preset.training_of(on_cpu), schema, *examples)


def outcome(name: str, seed: int) -> Outcome:
    """Train a seed in all ways."""
    torch.set_num_threads(1)
    problem = load(name)
    logging.getLogger("autofis_kedro").setLevel(logging.WARNING)  # not a line for every evaluation
    weights = {way: _early(problem, seed, way) for way in WAYS}
    distance = {way: _distance(weights["plain"], weights[way]) for way in WAYS[1:]}
    return Outcome(seed, {way: _test_auc(problem, seed, way) for way in WAYS}, distance)


@contextmanager
def started(problem: Problem, seed: int, way: str) -> Iterator[CTRModel]:
    """The model before its training, while who computes is the way's."""
    model = CTRModel(problem.spec, problem.schema, seed=seed)
    if way == "nudged":
        nudge(model, np.random.default_rng(seed))
    if way == "fast":
        yield model
    else:
        with plain_torch():
            yield model


@torch.no_grad()
def nudge(model: CTRModel, rng: np.random.Generator) -> None:
    """Each weight becomes the next number below it or above it, or stays; those that are 0 do."""
    for weight in model.parameters():
        numbers = weight.numpy()
        toward = numbers + rng.integers(-1, 2, numbers.shape, dtype=np.int8) * (numbers != 0)
        weight.copy_(torch.from_numpy(np.nextafter(numbers, toward.astype(np.float32))))


def _early(problem: Problem, seed: int, way: str) -> dict[str, torch.Tensor]:
    """Weight matrices after the first steps."""
    with started(problem, seed, way) as model, torch.random.fork_rng():
        torch.manual_seed(seed)
        steps = -(-problem.train.n_rows // problem.training.batch_size)
        run = Run(model, make_optimizers(model, problem.training, None, steps), problem.training, steps, None)
        batches = training_batches(problem.train, problem.training.batch_size, seed=seed, epoch=0)
        for batch in islice(batches, EARLY):
            _update(run, batch)
        run.optimizers.flush()
    return {name: weight.detach() for name, weight in model.named_parameters() if weight.ndim > 1}


def _distance(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> float:
    return max(float((a[name] - b[name]).norm() / a[name].norm()) for name in a)


def _test_auc(problem: Problem, seed: int, way: str) -> float:
    with started(problem, seed, way) as model:
        fit(model, problem.train, problem.valid, problem.training, seed=seed, name=f"{way}, seed {seed}")
        return score(problem.test.labels, predict(model, problem.test, problem.training)).auc


def summary(outcomes: list[Outcome]) -> dict[str, dict[str, float]]:
    """By way other than plain: mean test AUC, how far from plain's and how surely, and the median early distance."""
    found = {}
    for way in WAYS[1:]:
        less = np.array([outcome.test_auc[way] - outcome.test_auc["plain"] for outcome in outcomes])
        found[way] = {
            "mean_auc": float(np.mean([outcome.test_auc[way] for outcome in outcomes])),
            "difference": float(less.mean()),
            "standard_error": float(less.std(ddof=1) / np.sqrt(len(less))) if len(less) > 1 else float("nan"),
            "deviation": float(less.std(ddof=1)) if len(less) > 1 else float("nan"),
            "early_distance": float(np.median([outcome.early_distance[way] for outcome in outcomes])),
        }
    return found


def table(model: str, found: dict[str, dict[str, float]]) -> Table:
    """One row per way."""
    shown = Table(title=f"{model} on the Criteo sample, beside plain torch", title_justify="left")
    for column in ("trained", "test AUC", "difference", "its deviation", f"weights after {EARLY} steps"):
        shown.add_column(column, justify="left" if column == "trained" else "right")
    for way, row in found.items():
        difference = f"{row['difference']:+.5f} ± {row['standard_error']:.5f}"
        early = f"{row['early_distance']:.0e}"
        shown.add_row(way, f"{row['mean_auc']:.5f}", difference, f"{row['deviation']:.5f}", early)
    return shown


def main() -> None:
    """Train, print the table, keep the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="deepfm")
    parser.add_argument("--seeds", type=int, default=36)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="seeds at once, a thread each")
    chosen = parser.parse_args()
    if is_plain_torch():
        raise SystemExit("AUTOFIS_PLAIN_TORCH is set: the fast paths would be plain torch, too")
    os.environ |= {"OMP_NUM_THREADS": "1", "DO_NOT_TRACK": "1"}
    seeds = range(chosen.seeds)
    with ProcessPoolExecutor(chosen.processes, mp_context=get_context("spawn")) as pool:
        given = [chosen.model] * chosen.seeds, seeds
        outcomes = list(track(pool.map(outcome, *given), total=chosen.seeds, description=chosen.model))
    found = summary(outcomes)
    content: dict[str, Any] = {"model": chosen.model, "summary": found, "seeds": [asdict(one) for one in outcomes]}
    (RESULTS / f"rounding_{chosen.model}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    Console().print(table(chosen.model, found))


if __name__ == "__main__":
    main()
