"""Does the search keep exactly the planted interactions? Synthetic problems of paper Eq. 16-17, many seeds.

    python -m benchmarks.recovery [--seeds 20] [--only 6,24]

A seed decides the problem (p, w, v and C), the shuffle and the initial weights. The paper's rule stands beside ours:
the published c and mu of AutoFM, gates kept where they are not zero.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
import polars as pl
import torch
from rich.console import Console
from rich.table import Table

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import N_SPECIAL, Field, Schema
from autofis_kedro.data.synthetic import SyntheticConfig, make_synthetic
from autofis_kedro.models import ModelSpec
from autofis_kedro.selection import Selection
from autofis_kedro.training import ExtractionConfig, SearchConfig, TrainingConfig, extract_selection, search_gates

RESULTS = Path(__file__).parent / "results" / "recovery.json"
TRAINING = TrainingConfig(learning_rate=5e-3)
SPEC = ModelSpec(embedding_dim=8)
PAPER = SearchConfig(epochs=4, strength="paper", c=0.005, mu=0.6, gate_decay=0.6, linear_rate_factor=1.0)


@dataclass(frozen=True)
class Problem:
    """One row of the table."""

    fields: int
    planted: int
    rows: int
    noise: float


PROBLEMS = (
    Problem(6, 3, 180_000, 0.1),
    Problem(6, 3, 60_000, 0.1),
    Problem(6, 3, 180_000, 1.0),
    Problem(6, 3, 180_000, 10.0),
    Problem(6, 3, 20_000, 0.1),
    Problem(24, 12, 300_000, 0.1),
    Problem(24, 12, 100_000, 0.1),
)


@dataclass(frozen=True)
class Found:
    """What one search kept."""

    kept: int
    precision: float
    recall: float
    f1: float
    is_top: bool


def encoded(problem: Problem, seed: int) -> tuple[Schema, Examples, Examples, set[tuple[str, ...]]]:
    """Schema, train and validation examples (80 and 20 percent), planted pairs."""
    planted = ((0, 1), (2, 5), (3, 4)) if problem.fields == 6 else None
    config = SyntheticConfig(
        n_fields=problem.fields,
        n_rows=problem.rows,
        noise=problem.noise,
        planted=planted,
        n_planted=problem.planted,
        seed=seed,
    )
    made = make_synthetic(config)
    size = config.n_values + N_SPECIAL
    names = [name for name in made.rows.columns if name != "label"]
    schema = Schema(dataset="synthetic", fields=tuple(Field(name=n, kind="categorical", size=size) for n in names))
    values = made.rows.select(pl.col(name).str.strip_prefix("v").cast(pl.Int64) for name in names).to_numpy()
    ids = values + N_SPECIAL + np.array(schema.offsets[:-1])
    labels, cut = made.rows["label"].to_numpy(), problem.rows * 4 // 5
    train, valid = (Examples.from_arrays(ids[part], labels[part]) for part in (slice(0, cut), slice(cut, None)))
    return schema, train, valid, set(made.planted)


def judge(selection: Selection, planted: set[tuple[str, ...]], ranked: list[tuple[str, ...]]) -> Found:
    """Precision, recall and F1 of the kept pairs, and whether the planted ones rank first."""
    kept = {kept.fields for kept in selection.interactions}
    right = len(kept & planted)
    is_top = set(ranked[: len(planted)]) == planted
    f1 = 2 * right / (len(kept) + len(planted))
    return Found(len(kept), right / len(kept), right / len(planted), f1, is_top)


def run(problem: Problem, seed: int) -> tuple[Found, Found]:
    """Ours and the paper's on one problem."""
    torch.set_num_threads(1)
    schema, train, valid, planted = encoded(problem, seed)
    both = []
    for search, rule in ((SearchConfig(epochs=4), "ladder"), (PAPER, "nonzero")):
        found = search_gates(train, valid, schema, SPEC, TRAINING, search, seed=seed)
        extraction = ExtractionConfig(rule=rule)  # type: ignore[arg-type]
        inputs = (found.gates, found.weights, train, valid, schema, SPEC, TRAINING, extraction)
        selection = extract_selection(*inputs, seed=seed)
        ranked = found.gates.sort("rank").select("field_1", "field_2").rows()
        both.append(judge(selection, planted, ranked))
    return both[0], both[1]


def summary(found: list[Found]) -> dict[str, float]:
    """Counts and means over the seeds."""
    return {
        "seeds": len(found),
        "exact": sum(f.f1 == 1.0 for f in found),
        "contains_planted": sum(f.recall == 1.0 for f in found),
        "planted_rank_first": sum(f.is_top for f in found),
        "mean_kept": fmean(f.kept for f in found),
        "precision": fmean(f.precision for f in found),
        "recall": fmean(f.recall for f in found),
        "f1": fmean(f.f1 for f in found),
    }


def main() -> None:
    """Run all problems and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", default="", help="numbers of fields, for example 6 or 6,24")
    arguments = parser.parse_args()
    only = {int(number) for number in arguments.only.split(",") if number}
    table = Table(title=f"planted interactions recovered, {arguments.seeds} seeds", title_justify="left")
    columns = (
        "fields",
        "planted",
        "rows",
        "noise",
        "rule",
        "exact",
        "has all",
        "rank 1st",
        "kept",
        "prec.",
        "recall",
        "F1",
        "s",
    )
    for column in columns:
        table.add_column(column, justify="right")
    results = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for problem in (p for p in PROBLEMS if not only or p.fields in only):
            start = time.perf_counter()
            found = list(pool.map(run, [problem] * arguments.seeds, range(arguments.seeds)))
            seconds = (time.perf_counter() - start) / arguments.seeds
            for place, rule in enumerate(("ladder", "paper")):
                s = summary([both[place] for both in found])
                results.append(asdict(problem) | {"rule": rule, "seconds_per_seed_both_rules": seconds} | s)
                table.add_row(*_cells(problem, rule, s, seconds))
    Console(width=130).print(table)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(
        json.dumps({"machine": f"{platform.machine()}, {os.cpu_count()} cores", "results": results}, indent=1) + "\n"
    )


def _cells(problem: Problem, rule: str, s: dict[str, float], seconds: float) -> list[str]:
    of = f"/{s['seeds']}"
    counts = [f"{s[name]}{of}" for name in ("exact", "contains_planted", "planted_rank_first")]
    means = [f"{s['mean_kept']:.1f}", *(f"{s[name]:.3f}" for name in ("precision", "recall", "f1"))]
    first = [str(problem.fields), str(problem.planted), f"{problem.rows:,}", f"{problem.noise:g}"]
    return [*first, rule, *counts, *means, f"{seconds:.0f}"]


if __name__ == "__main__":
    main()
