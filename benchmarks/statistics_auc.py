"""How fast is statistics_AUC, and in how much memory, beside polars and scikit-learn used plainly?

    python -m benchmarks.statistics_auc [--rows 2000000]

Criteo-shaped rows are generated: 39 fields of 13 to 400,000 values, 741 pairs, a tenth of the rows for evaluation. The
plain way takes one pair after the other: group the train rows by both values, join the rates to the evaluation rows,
``roc_auc_score``. It is measured on every ``SOME``-th pair, ours on the same and on all; each time in a new process.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

from autofis_kedro.analysis.statistics_auc import StatisticsAUCConfig, statistics_auc
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.examples_folder import ExamplesWriter
from autofis_kedro.data.schema import Field, Schema
from benchmarks.load import QUIET, OthersShare, wait_until_quiet
from benchmarks.processes import alone, peak_gb
from benchmarks.records import keep_if_quiet
from benchmarks.step_process import ROOT, THREADS

RESULTS = ROOT / "benchmarks" / "results" / "statistics_auc.json"
SIZES = (*np.geomspace(13, 100, 13).astype(int).tolist(), *np.geomspace(13, 400_000, 26).astype(int).tolist())
"""Values of Criteo's bucketed numbers and of its categories."""
SOME = 40
SKEW = 5.0
"""Exponent of the ids' distribution: a few are frequent, most are rare."""
OURS, PLAIN, ALL = "ours", "polars and scikit-learn, plainly", "ours, all pairs"
Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Measured:
    """What a way of computing took.

    Attributes:
        aucs: of the pairs, in their order.
        seconds: without starting the process.
        peak_gb: resident, the process with its libraries included.
        others: share of the cores that other processes used; None where the system does not tell.
    """

    aucs: tuple[float, ...]
    seconds: float
    peak_gb: float
    others: float | None


def generate(folder: Path, rows: int, sizes: Sequence[int] = SIZES) -> Schema:
    """Train and evaluation rows with a signal in the first field, written as bucketing writes them."""
    fields = tuple(Field(name=f"f{i}", kind="categorical", size=size) for i, size in enumerate(sizes))
    schema = Schema(dataset="benchmark", fields=fields)
    rng = np.random.default_rng(0)
    for split, n_rows in (("train", rows - rows // 10), ("evaluation", rows // 10)):
        columns = [(size * rng.random(n_rows) ** SKEW).astype(np.int32) for size in sizes]
        labels = rng.random(n_rows) < np.where(columns[0] % 3 == 0, 0.4, 0.2)
        ids = np.stack([column + start for column, start in zip(columns, schema.offsets, strict=False)], axis=1)
        with ExamplesWriter(folder / split, schema) as writer:
            writer.append(Examples.from_arrays(ids, labels))
    return schema


def ours(folder: Path, schema: Schema, pairs: Pairs) -> Measured:
    """As the pipeline computes it."""
    return _measured(lambda train, rows: statistics_auc(train, rows, schema, pairs)["statistics_auc"], folder, schema)


def plainly(folder: Path, schema: Schema, pairs: Pairs) -> Measured:
    """One pair after the other by polars and scikit-learn, with the same smoothing."""
    return _measured(lambda train, rows: [_plain_auc(train, rows, pair) for pair in pairs], folder, schema)


def _plain_auc(train: Examples, rows: Examples, pair: tuple[int, int]) -> float:
    smoothing = StatisticsAUCConfig().smoothing
    seen, asked = (
        pl.DataFrame({"a": e.one_hot[:, pair[0]], "b": e.one_hot[:, pair[1]], "label": e.labels}) for e in (train, rows)
    )
    overall = float(np.mean(train.labels))
    rate = (pl.col("label").cast(pl.Float64).sum() + smoothing * overall) / (pl.len() + smoothing)
    rates = seen.group_by("a", "b").agg(rate=rate)
    found = asked.join(rates, on=["a", "b"], how="left", maintain_order="left")
    return float(roc_auc_score(found["label"], found["rate"].fill_null(overall)))


def _measured(compute: Any, folder: Path, schema: Schema) -> Measured:
    train, rows = (Examples.open(folder / split, schema) for split in ("train", "evaluation"))
    began, share = time.perf_counter(), OthersShare()
    aucs = tuple(map(float, compute(train, rows)))
    return Measured(aucs, time.perf_counter() - began, peak_gb(), share())


def results(rows: int, rounds: int, wait: float) -> list[dict[str, Any]]:
    """Ours over all pairs, and both ways over some of them, in turn."""
    found: dict[str, list[Measured]] = {}
    with tempfile.TemporaryDirectory(prefix="statistics_auc_") as name:
        folder = Path(name)
        schema = alone(THREADS, generate, folder, rows)
        pairs = schema.tuples(2)
        ways = {OURS: ours, PLAIN: plainly}
        wait_until_quiet(wait)
        for _ in range(rounds):
            for way, function in ways.items():
                found.setdefault(way, []).append(alone(THREADS, function, folder, schema, pairs[::SOME]))
            check_equal(*(measured[-1] for measured in found.values()))
        found[ALL] = [alone(THREADS, ours, folder, schema, pairs)]
    return [_row(way, rows, measured) for way, measured in found.items()]


def _row(way: str, rows: int, measured: Sequence[Measured]) -> dict[str, Any]:
    seconds, n_pairs = median(one.seconds for one in measured), len(measured[0].aucs)
    return {
        "way": way,
        "pairs": n_pairs,
        "rows": rows,
        "seconds": round(seconds, 2),
        "million_rows_times_pairs_per_second": round(rows * n_pairs / seconds / 1e6, 1),
        "peak_gb": round(max(one.peak_gb for one in measured), 2),
        "others_share": round(max(one.others or 0.0 for one in measured), 3),
    }


def check_equal(one: Measured, other: Measured) -> None:
    """Both ways must have computed the same."""
    difference = float(np.abs(np.subtract(one.aucs, other.aucs)).max())
    if difference > 1e-9:
        raise SystemExit(f"the two ways differ by {difference:.2g} in AUC")


def table(rows: Sequence[dict[str, Any]]) -> str:
    """In Markdown."""
    lines = ["| way | pairs | s | million rows x pairs per s | peak resident GB |", "|---|---:|---:|---:|---:|"]
    for row in rows:
        speed = row["million_rows_times_pairs_per_second"]
        lines.append(f"| {row['way']} | {row['pairs']} | {row['seconds']:.1f} | {speed:.1f} | {row['peak_gb']:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print the table, keep the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--wait", type=float, default=60, help="seconds to wait for a quiet machine")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    found = results(chosen.rows, chosen.rounds, chosen.wait)
    print(table(found))
    keep_if_quiet(RESULTS, {"results": found}, is_quiet=all(row["others_share"] <= QUIET for row in found))


if __name__ == "__main__":
    main()
