"""How fast is a training step, or a prediction, beside the peers' in the same run?

    python -m benchmarks.step --peer .venv-bench/bin/python [--models fm,deepfm_400x3] [--rounds 3]

All programs hold the same table (k = 40, 600,000 ids in 24 fields), use two threads and dense Adam: every weight moves
at every step. Each is a process of its own; short blocks of steps alternate, so that whatever else the machine does
falls on all. Peers run twice: as they come, and with glibc told through the environment to keep large buffers, which
our training tells it at run time. The ratio is against the fastest of them. A bfloat16 MLP is measured where the
processor has instructions for it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median
from typing import Any

from autofis_kedro.compiled import processor
from benchmarks.records import machine
from benchmarks.step_models import ONLY_OURS, PEERS, REQUIRED
from benchmarks.step_process import (
    ALLOCATOR,
    OURS,
    ROOT,
    Program,
    Worker,
    alternate,
    peers,
    quiet_rounds,
    ratios,
)
from benchmarks.step_worker import StepProblem

RESULTS = ROOT / "benchmarks" / "results" / "step.json"
OURS_PROGRAM = Program(OURS, "benchmarks.step_ours")
BF16 = "bfloat16"
WITHOUT = {"DeepCTR-Torch": ("fwfm", "ffm")}
"""Models that a peer lacks."""


def programs_of(title: str, peer_python: str) -> list[tuple[Program, StepProblem]]:
    """What is measured side by side for one row of the table: ours first."""
    model = title.removesuffix(" inference")
    problem = StepProblem(model=model, is_inference=title.endswith("inference"))
    found = [(OURS_PROGRAM, problem)]
    if model in ONLY_OURS:  # beside the plain FM: ours, then the peers'
        problem = replace(problem, model="fm")
        found.append((replace(OURS_PROGRAM, name=f"{OURS}'s fm"), problem))
        if model != "fm_enumerated":
            pair_by_pair = replace(problem, model="fm_enumerated")
            found.append((replace(OURS_PROGRAM, name=f"{OURS}'s fm_enumerated"), pair_by_pair))
    elif "00x" in model and not problem.is_inference and processor.has_bfloat16():
        found.append((replace(OURS_PROGRAM, name=f"{OURS}, bf16 MLP"), replace(problem, mlp_precision=BF16)))
    lacking = {name for name, models in WITHOUT.items() if problem.model in models}
    return found + [(peer, problem) for peer in peers(peer_python) if peer.name.partition(",")[0] not in lacking]


def summary(title: str, workers: Sequence[Worker]) -> dict[str, Any]:
    """What is kept as JSON: no path, no name of the machine."""
    ours = workers[0]
    rows = [
        {
            "name": worker.name,
            "step_ms": round(worker.step_ms, 2),
            "block_ms": [round(median(block), 2) for block in worker.blocks],
            "last_loss": round(worker.losses[-1], 4),
            "others_share": [None if share is None else round(share, 3) for share in worker.others],
            "times_ours": round(median(ratios(ours, worker)), 2),
            "times_ours_range": [round(f(ratios(ours, worker)), 2) for f in (min, max)],
            **worker.about,
        }
        for worker in workers
    ]
    theirs = [row for row in rows if not row["name"].startswith(OURS)]
    fastest = min(theirs, key=lambda row: row["times_ours"])
    ratio = {"fastest_peer": fastest["name"], "times_ours": fastest["times_ours"], "required": REQUIRED.get(title)}
    return {"model": title, **ratio, "quiet_rounds": sum(quiet_rounds(workers)), "results": rows}


def table(results: Sequence[dict[str, Any]]) -> str:
    """All models in Markdown."""
    lines = ["| step of 2,000 rows | program | ms | times ours (range over rounds) |", "|---|---|---:|---:|"]
    for result in results:
        for row in result["results"]:
            low, high = row["times_ours_range"]
            title = result["model"] if row is result["results"][0] else ""
            times = f"{row['times_ours']:.2f} ({low:.2f} to {high:.2f})"
            lines.append(f"| {title} | {row['name']} | {row['step_ms']:.1f} | {times} |")
    return "\n".join(lines)


def keep(result: dict[str, Any], path: Path) -> None:
    """Put a model's result into the file, in place of an earlier one of its own."""
    earlier = json.loads(path.read_text())["models"] if path.exists() else []
    models = [row for row in earlier if row["model"] != result["model"]] + [result | {"machine": machine()}]
    problem = asdict(StepProblem()) | {"rows_read_by_a_batch": round(StepProblem().rows_read())}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"problem": problem, "peer_allocator": ALLOCATOR, "models": models}, indent=1) + "\n")


def main() -> None:
    """Measure, print the table, keep the numbers model by model; status 1 if a ratio is below the required one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", default=".venv-bench/bin/python", help="Python with the peers (make bench-env)")
    parser.add_argument("--models", default=",".join([*PEERS, "fm inference", *ONLY_OURS]))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.5, help="of a block")
    parser.add_argument("--wait", type=float, default=60, help="seconds to wait for a quiet machine before a round")
    parser.add_argument("--output", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    peer = Path(chosen.peer).absolute()  # not resolved: an environment's Python is a link
    if not peer.exists():
        raise SystemExit(f"no {chosen.peer}: make bench-env creates it")
    print(f"on {processor.described()}", flush=True)
    results = []
    for title in chosen.models.split(","):
        results.append(
            summary(title, alternate(programs_of(title, str(peer)), chosen.rounds, chosen.seconds, chosen.wait))
        )
        print(table(results[-1:]) + "\n", flush=True)
        if results[-1]["quiet_rounds"]:
            keep(results[-1], chosen.output)
        else:
            print(f"no quiet round for {title}: not kept; measure again on a quiet machine", flush=True)
    print(table(results))
    slow = [result["model"] for result in results if result["required"] and result["times_ours"] < result["required"]]
    if slow:
        raise SystemExit(f"below the required ratio: {', '.join(slow)}")


if __name__ == "__main__":
    main()
