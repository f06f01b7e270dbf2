"""Calibration and recovery of the evidence's test.

    python -m benchmarks.evidence [--logs 20] [--only null,planted]

Null logs of many kinds: how often is p below .05 and .001, and how often is anything confirmed? Logs with planted
interactions: precision, recall and F1 of what is confirmed, and how many false ones there are in a log.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

from rich.console import Console
from rich.progress import track
from rich.table import Table

from autofis_kedro.evidence import EvidenceConfig
from autofis_kedro.evidence.base import fit_base, terms_of
from autofis_kedro.evidence.choosing import choose
from benchmarks.evidence.logs import Kind, draw
from benchmarks.records import keep_if_quiet

RESULTS = Path(__file__).parents[1] / "results" / "evidence.json"

NULL = (
    Kind("5,000 rows", rows=5_000),
    Kind("20,000 rows"),
    Kind("60,000 rows", rows=60_000),
    Kind("half of them clicks", share=0.5),
    Kind("2 % clicks", share=0.02),
    Kind("0.5 % clicks, 60,000 rows", rows=60_000, share=0.005),
    Kind("no copy", copies=0),
    Kind("four copies", copies=4),
    Kind("three nested fields", copies=0, nested=3),
    Kind("no main effects", main=0.0),
    Kind("strong main effects", main=1.0),
    Kind("large fields", largest=5_000),
    Kind("small fields", largest=12),
    Kind("39 fields", fields=39, largest=2_000),
)
PLANTED = (
    Kind("5 pairs, 20,000 rows", pairs=5),
    Kind("5 pairs, 60,000 rows", rows=60_000, pairs=5),
    Kind("weak (.4), 20,000 rows", pairs=5, strength=0.4),
    Kind("weak (.4), 60,000 rows", rows=60_000, pairs=5, strength=0.4),
    Kind("copies and nested", pairs=5, copies=2, nested=2),
    Kind("2 % clicks, 60,000 rows", rows=60_000, pairs=5, share=0.02),
    Kind("39 fields, 60,000 rows", rows=60_000, fields=39, pairs=8, largest=2_000),
)


@dataclass(frozen=True)
class Found:
    """What the test said of one log.

    Attributes:
        p: of every pair, alone.
        kept: pairs confirmed.
        right: of them planted.
        planted: pairs.
        least: smallest p times the number of pairs.
        seconds: of one thread.
    """

    p: tuple[float, ...]
    kept: int
    right: int
    planted: int
    least: float
    seconds: float


def run(kind: Kind, seed: int) -> Found:
    """One log."""
    log = draw(kind, seed)
    pairs = [(a, b) for a in range(kind.fields) for b in range(a + 1, kind.fields)]
    config = EvidenceConfig(threads=1)
    start = time.process_time()
    base = fit_base(terms_of(log.columns), log.columns.labels_N)
    choice = choose(log.columns, base, pairs, config)
    seconds = time.process_time() - start
    p = tuple(score.p for score in choice.alone.values())
    right = len(set(choice.kept) & log.planted)
    return Found(p, len(choice.kept), right, len(log.planted), min(p) * len(p), seconds)


def calibration(found: Sequence[Found]) -> dict[str, float]:
    """False alarms of logs without interactions."""
    p = [value for log in found for value in log.p]
    return {
        "logs": len(found),
        "below_05": fmean(value < 0.05 for value in p),
        "below_001": fmean(value < 0.001 for value in p),
        **{f"familywise_{alpha}": fmean(log.least < alpha for log in found) for alpha in (0.05, 0.01)},
        "confirms": fmean(log.kept > 0 for log in found),
        "seconds": fmean(log.seconds for log in found),
    }


def recovery(found: Sequence[Found]) -> dict[str, float]:
    """Of logs with planted pairs."""
    return {
        "logs": len(found),
        "f1": fmean(2 * log.right / (log.kept + log.planted) for log in found),
        "precision": fmean(log.right / log.kept if log.kept else 1.0 for log in found),
        "recall": fmean(log.right / log.planted for log in found),
        "false": fmean(log.kept - log.right for log in found),
        "exact": fmean(log.kept == log.right == log.planted for log in found),
        "seconds": fmean(log.seconds for log in found),
    }


def main() -> None:
    """Run all kinds and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logs", type=int, default=20, help="of each kind")
    parser.add_argument("--only", default="null,planted")
    arguments = parser.parse_args()
    console, results = Console(width=130), {}
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for part, kinds, summary in (("null", NULL, calibration), ("planted", PLANTED, recovery)):
            if part not in arguments.only.split(","):
                continue
            rows = []
            for kind in track(kinds, description=part, console=Console(stderr=True)):
                found = list(pool.map(run, [kind] * arguments.logs, range(arguments.logs)))
                rows.append(asdict(kind) | summary(found))
            results[part] = rows
            console.print(_table(part, rows))
    keep_if_quiet(RESULTS, results, is_quiet=True)  # counts: how busy the machine was decides none of them


def _table(part: str, rows: Sequence[dict[str, object]]) -> Table:
    shown = {
        "null": ("logs", "below_05", "below_001", "familywise_0.05", "familywise_0.01", "confirms", "seconds"),
        "planted": ("logs", "f1", "precision", "recall", "false", "exact", "seconds"),
    }[part]
    table = Table(title=f"{part} logs", title_justify="left")
    table.add_column("kind")
    for name in shown:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(str(row["name"]), *(f"{row[name]:.4g}" for name in shown))
    return table


if __name__ == "__main__":
    main()
