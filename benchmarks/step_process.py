"""A process that times steps of one program, and what it has measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from threading import Timer
from typing import Any

from benchmarks.load import QUIET, OthersShare, wait_until_quiet
from benchmarks.step_worker import StepProblem

ROOT = Path(__file__).resolve().parents[1]
THREADS = 2
LONGEST_ANSWER = 180
"""Seconds."""
FEWEST_STEPS = 3
"""Counted in a block."""
ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(512 << 20),
    "MALLOC_TOP_PAD_": str(64 << 20),
}
"""Tells glibc to keep large buffers, as our training tells it at run time."""
OURS = "autofis-kedro"


@dataclass(frozen=True)
class Program:
    """What is measured: a module of ``benchmarks`` under some Python."""

    name: str
    module: str
    python: str = sys.executable
    environment: tuple[tuple[str, str], ...] = ()


def peers(python: str) -> list[Program]:
    """Each peer as it comes, and with the allocator's settings."""
    modules = {"FuxiCTR": "benchmarks.step_fuxictr", "DeepCTR-Torch": "benchmarks.step_deepctr"}
    return [
        Program(name + suffix, module, python, settings)
        for name, module in modules.items()
        for suffix, settings in (("", ()), (", MALLOC_*", tuple(ALLOCATOR.items())))
    ]


@dataclass
class Worker:
    """The process.

    Attributes:
        name: for the table.
        about: what it said of its model.
        blocks: milliseconds of each counted step, by block.
        others: share of all cores that other processes used, by block; None where the system does not tell.
        losses: of every step.
    """

    name: str
    process: subprocess.Popen[str]
    about: dict[str, Any] = field(default_factory=dict)
    blocks: list[list[float]] = field(default_factory=list)
    others: list[float | None] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)

    @classmethod
    def start(cls, program: Program, problem: StepProblem) -> Worker:
        """Start the process and wait until its model is built."""
        environment = os.environ | {"OMP_NUM_THREADS": str(THREADS), "CUDA_VISIBLE_DEVICES": ""}
        process = subprocess.Popen(
            [program.python, "-m", program.module, json.dumps(asdict(problem))],
            cwd=ROOT,
            env=environment | dict(program.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        worker = cls(program.name, process)
        worker.about = worker._answer()
        return worker

    def warm_up(self, steps: int) -> None:
        """Steps that do not count: until every batch has been seen, rows are read for the first time."""
        self._ask(steps, 0)

    def run(self, seconds: float) -> None:
        """One block: the second half of its steps counts, for it starts with what others left in the caches."""
        share = OthersShare(self.process.pid)
        answer = self._ask(2 * FEWEST_STEPS, seconds)
        self.others.append(share())
        self.blocks.append(answer["milliseconds"][len(answer["milliseconds"]) // 2 :])
        self.losses += answer["losses"]

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait()

    @property
    def step_ms(self) -> float:
        """Median over all counted steps."""
        return median(value for block in self.blocks for value in block)

    def _ask(self, steps: int, seconds: float) -> dict[str, Any]:
        assert self.process.stdin is not None
        print(steps, seconds, file=self.process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        watchdog = Timer(LONGEST_ANSWER, self.process.kill)  # seen now and then: both sides wait for the other
        watchdog.start()
        try:
            for line in self.process.stdout:
                if line.startswith("{"):  # not what a library prints while it is imported
                    answer: dict[str, Any] = json.loads(line)
                    return answer
        finally:
            watchdog.cancel()
        raise SystemExit(
            f"{self.name}: the process ended with status {self.process.wait()} or said nothing for {LONGEST_ANSWER} s; "
            "its message is above"
        )


def alternate(
    programs: Sequence[tuple[Program, StepProblem]], rounds: int, seconds: float, wait: float
) -> list[Worker]:
    """Alternating blocks of all programs, until ``rounds`` quiet rounds are there or twice as many are made.

    Busy rounds are forgotten: on busy cores threads wait for each other and a ratio says little, mostly in our favour.
    Without any quiet round all are kept, and ``others`` tells.
    """
    workers: list[Worker] = []
    try:
        for program, problem in programs:
            workers.append(Worker.start(program, problem))
            workers[-1].warm_up(problem.batches)
        for _ in range(2 * rounds):
            wait_until_quiet(wait)
            for worker in workers:
                worker.run(seconds)
            if sum(quiet_rounds(workers)) == rounds:
                break
    finally:
        for worker in workers:
            worker.stop()
    quiet = quiet_rounds(workers)
    if any(quiet):
        for worker in workers:
            worker.blocks = [block for block, kept in zip(worker.blocks, quiet, strict=True) if kept]
            worker.others = [share for share, kept in zip(worker.others, quiet, strict=True) if kept]
    return workers


def quiet_rounds(workers: Sequence[Worker]) -> list[bool]:
    """Whether each round was left alone by other processes."""
    return [
        all((share or 0.0) <= QUIET for share in shares) for shares in zip(*(w.others for w in workers), strict=True)
    ]


def ratios(ours: Worker, other: Worker) -> list[float]:
    """How many of our steps one of the other's takes, round by round."""
    return [median(theirs) / median(mine) for mine, theirs in zip(ours.blocks, other.blocks, strict=True)]
