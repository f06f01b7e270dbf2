"""How fast is a training step of the factorization machine, beside FuxiCTR's in the same run?

    python -m benchmarks.fm_step --peer .venv-bench/bin/python [--rounds 5] [--steps 10] [--wait 60]

Both programs hold the same number of weights (k = 40, 600,000 ids in 24 fields), use two threads and dense Adam: every
weight moves at every step. Each is a process of its own; short blocks of steps alternate, so that whatever else the
machine does falls on all. FuxiCTR runs twice: as it comes, and with glibc told through the environment to keep large
buffers, which our training tells it at run time.

On busy cores threads wait for each other and the ratio says little, mostly in our favour. A round in which other
processes used more than 5 % of the cores is therefore repeated, and never kept.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.load import QUIET, OthersShare, wait_until_quiet
from benchmarks.step_worker import StepProblem

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "fm_step.json"
THREADS = 2
WARM_UP = 2
"""Steps at the head of a block that do not count."""
ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(512 << 20),
    "MALLOC_TOP_PAD_": str(64 << 20),
}
OURS, PEER, TUNED_PEER = "autofis-kedro", "FuxiCTR", "FuxiCTR, MALLOC_*"
REQUIRED = 3.0
"""Times FuxiCTR's step."""
SKEWS = (1.0, 30.0)
"""Uniform ids, and ids as unevenly frequent as in a click log: on Criteo a batch of 2,000 reads about 8,400 rows."""


@dataclass
class Worker:
    """A process that times steps, and what it has measured.

    Attributes:
        name: for the table.
        about: what it said of its model.
        blocks: milliseconds of each counted step, by block.
        others: share of all cores that other processes used, by block; None where the system does not tell.
        losses: of every step.
    """

    name: str
    process: subprocess.Popen[str]
    about: dict[str, object] = field(default_factory=dict)
    blocks: list[list[float]] = field(default_factory=list)
    others: list[float | None] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)

    @classmethod
    def start(cls, name: str, python: str, module: str, problem: StepProblem, extra: dict[str, str]) -> Worker:
        """Start the process and wait until its model is built."""
        environment = {**os.environ, "OMP_NUM_THREADS": str(THREADS), "CUDA_VISIBLE_DEVICES": "", **extra}
        process = subprocess.Popen(
            [python, "-m", module, json.dumps(asdict(problem))],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        worker = cls(name, process)
        worker.about = worker._answer()
        return worker

    def run(self, steps: int) -> None:
        """One block."""
        assert self.process.stdin is not None
        share = OthersShare(self.process.pid)
        print(WARM_UP + steps, file=self.process.stdin, flush=True)
        answer = self._answer()
        self.others.append(share())
        self.blocks.append(answer["milliseconds"][WARM_UP:])
        self.losses += answer["losses"]

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait()

    @property
    def step_ms(self) -> float:
        """Median over all counted steps."""
        return median(value for block in self.blocks for value in block)

    def _answer(self) -> dict[str, object]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name}: the process ended with status {self.process.wait()}; its message is above")
        return json.loads(line)


def measure(peer_python: str, problem: StepProblem, rounds: int, steps: int, wait: float) -> list[Worker]:
    """Alternating blocks of all three, until ``rounds`` quiet rounds are there or twice as many are made."""
    workers: list[Worker] = []
    try:
        for name, python, module, extra in (
            (OURS, sys.executable, "benchmarks.fm_step_ours", {}),
            (PEER, peer_python, "benchmarks.fm_step_fuxictr", {}),
            (TUNED_PEER, peer_python, "benchmarks.fm_step_fuxictr", ALLOCATOR),
        ):
            workers.append(Worker.start(name, python, module, problem, extra))
        sizes = {worker.about["parameters"] for worker in workers}
        if len(sizes) > 1:
            raise SystemExit(f"the models differ in size: {sizes}")
        for _ in range(2 * rounds):
            wait_until_quiet(wait)
            for worker in workers:
                worker.run(steps)
            if sum(quiet_rounds(workers)) == rounds:
                break
    finally:
        for worker in workers:
            worker.stop()
    return workers


def quiet_rounds(workers: Sequence[Worker]) -> list[bool]:
    """Whether each round was left alone by other processes."""
    return [
        all((share or 0.0) <= QUIET for share in shares) for shares in zip(*(w.others for w in workers), strict=True)
    ]


def keep(workers: Sequence[Worker], rounds: Sequence[bool]) -> None:
    """Forget the other rounds."""
    for worker in workers:
        worker.blocks = [block for block, kept in zip(worker.blocks, rounds, strict=True) if kept]
        worker.others = [share for share, kept in zip(worker.others, rounds, strict=True) if kept]


def ratios(ours: Worker, other: Worker) -> list[float]:
    """How many of our steps one of the other's takes, round by round."""
    return [median(theirs) / median(mine) for mine, theirs in zip(ours.blocks, other.blocks, strict=True)]


def summary(workers: Sequence[Worker], problem: StepProblem, n_quiet: int) -> dict[str, object]:
    """What is kept as JSON: no path, no name of the machine."""
    ours = workers[0]
    rows = [
        {
            "name": worker.name,
            "step_ms": round(worker.step_ms, 2),
            "block_ms": [round(median(block), 2) for block in worker.blocks],
            "rows_per_second": round(problem.batch_size / worker.step_ms * 1e3),
            "last_loss": round(worker.losses[-1], 4),
            "others_share": [None if share is None else round(share, 3) for share in worker.others],
            "times_ours": round(median(ratios(ours, worker)), 2),
            "times_ours_range": [round(f(ratios(ours, worker)), 2) for f in (min, max)],
            **worker.about,
        }
        for worker in workers
    ]
    machine = {"system": platform.system(), "processor": _processor(), "cores": os.cpu_count(), "threads": THREADS}
    return {
        "machine": {**machine, "python": platform.python_version()},
        "problem": asdict(problem) | {"rows_read_by_a_batch": round(problem.rows_read())},
        "peer_allocator": ALLOCATOR,
        "quiet_rounds": n_quiet,
        "required": REQUIRED,
        "results": rows,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def table(result: dict[str, object]) -> str:
    """The result in Markdown."""
    lines = ["| FM step | ms | rows/s | times ours (range over rounds) |", "|---|---:|---:|---:|"]
    for row in result["results"]:
        low, high = row["times_ours_range"]
        times = f"{row['times_ours']:.2f} ({low:.2f} to {high:.2f})"
        lines.append(f"| {row['name']} | {row['step_ms']:.1f} | {row['rows_per_second']:,} | {times} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print the table, keep the numbers; status 1 if FuxiCTR takes less than the required times ours."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", default=".venv-bench/bin/python", help="Python with FuxiCTR (make bench-env)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=10, help="counted steps in a block")
    parser.add_argument("--wait", type=float, default=60, help="seconds to wait for a quiet machine before a round")
    parser.add_argument("--output", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    peer = Path(chosen.peer).absolute()  # not resolved: an environment's Python is a link
    if not peer.exists():
        raise SystemExit(f"no {chosen.peer}: make bench-env creates it")
    results = []
    for skew in SKEWS:
        problem = StepProblem(skew=skew)
        workers = measure(str(peer), problem, chosen.rounds, chosen.steps, chosen.wait)
        quiet = quiet_rounds(workers)
        if any(quiet):
            keep(workers, quiet)
        results.append(summary(workers, problem, sum(quiet)))
        print(f"a batch reads {results[-1]['problem']['rows_read_by_a_batch']:,} rows; {sum(quiet)} quiet rounds\n")
        print(table(results[-1]) + "\n")
    if not all(result["quiet_rounds"] for result in results):
        print("no quiet round: other processes kept the cores busy. Nothing kept; measure again on a quiet machine")
        return
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    chosen.output.write_text(json.dumps(results, indent=1) + "\n")
    slow = {row["name"] for result in results for row in result["results"][1:] if row["times_ours"] < REQUIRED}
    if slow:
        raise SystemExit(f"below the required {REQUIRED} times: {'; '.join(sorted(slow))}")


if __name__ == "__main__":
    main()
