"""What do re-training and prediction cost by the share of pairs kept, beside all pairs?

    python -m benchmarks.kept [--rounds 3]

AutoFM beside FM pair by pair (as the paper's FM is computed), AutoDeepFM with the paper's net beside DeepFM: the paper
reports 0.45 of FM's time of prediction and 0.63 of DeepFM's on Avazu, where 29 % and 24 % of the pairs are kept.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from statistics import median
from typing import Any

from benchmarks.records import keep_if_quiet
from benchmarks.step import OURS_PROGRAM
from benchmarks.step_process import ROOT, alternate, quiet_rounds, ratios
from benchmarks.step_worker import StepProblem

RESULTS = ROOT / "benchmarks" / "results" / "kept.json"
SHARES = (1.0, 0.6, 0.45, 0.3, 0.1)
BASES = {"autofm_retrain": "fm_enumerated", "autodeepfm_retrain": "deepfm_paper"}
REQUIRED = ("autofm_retrain", True, 0.3, 0.5)
"""Model, prediction, share kept: at most this share of the base model's time."""


def measure(model: str, is_inference: bool, rounds: int, wait: float) -> list[dict[str, Any]]:
    """One row per share."""
    base = StepProblem(model=BASES[model], is_inference=is_inference)
    problems = [StepProblem(model=model, is_inference=is_inference, kept=share) for share in SHARES]
    workers = alternate([(OURS_PROGRAM, problem) for problem in (base, *problems)], rounds, 0.5, wait)
    return [
        {
            "model": model,
            "is_inference": is_inference,
            "kept": share,
            "step_ms": round(worker.step_ms, 3),
            "base": BASES[model],
            "base_ms": round(workers[0].step_ms, 3),
            "is_quiet": any(quiet_rounds(workers)),
            "share_of_base": round(median(ratios(workers[0], worker)), 3),
        }
        for share, worker in zip(SHARES, workers[1:], strict=True)
    ]


def table(results: list[dict[str, Any]]) -> str:
    """In Markdown."""
    lines = ["| model | step of 2,000 rows | pairs kept | ms | share of all pairs' time |", "|---|---|---:|---:|---:|"]
    for row in results:
        what = "prediction" if row["is_inference"] else "training"
        times = f"{row['step_ms']:.2f} | {row['share_of_base']:.2f} of `{row['base']}`'s {row['base_ms']:.2f}"
        lines.append(f"| `{row['model']}` | {what} | {row['kept']:.0%} | {times} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print the table, keep the numbers; status 1 if the required share is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--wait", type=float, default=60, help="seconds to wait for a quiet machine before a round")
    chosen = parser.parse_args()
    results = [
        row
        for model in BASES
        for is_inference in (True, False)
        for row in measure(model, is_inference, chosen.rounds, chosen.wait)
    ]
    print(table(results))
    content = {"problem": asdict(StepProblem()), "results": results}
    if not keep_if_quiet(RESULTS, content, is_quiet=all(row["is_quiet"] for row in results)):
        return
    model, is_inference, share, most = REQUIRED
    found = next(r for r in results if (r["model"], r["is_inference"], r["kept"]) == (model, is_inference, share))
    if found["share_of_base"] > most:
        raise SystemExit(f"{model} with {share:.0%} of the pairs takes more than {most:.0%} of {found['base']}'s time")


if __name__ == "__main__":
    main()
