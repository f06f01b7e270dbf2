"""Cases by the thousand: every kind gets the same time, two workers at most, and what each case was is kept."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Any

from benchmarks.faults.commands import ROOT, surroundings
from benchmarks.faults.kinds import KINDS
from benchmarks.faults.outcome import BAD, Ending
from benchmarks.faults.places import unmount

WORKERS = 2
SLOWER = 20
"""A command that takes so many times as long as the slowest one without a fault hangs."""
LEAST = 240.0


@dataclass(frozen=True)
class Case:
    """A case that was tried."""

    kind: str
    number: int
    ending: Ending
    detail: str
    seconds: float

    @property
    def name(self) -> str:
        """What repeats it."""
        return f"{self.kind}:{self.number}"


@dataclass
class Tally:
    """What one kind has had.

    Attributes:
        ended: cases, by how.
        seconds: of work.
        numbers: of the cases to come; it ends where only some are wanted.
        last: number that was handed out.
        given: how many were.
    """

    ended: dict[Ending, int] = field(default_factory=lambda: dict.fromkeys(Ending, 0))
    seconds: float = 0.0
    numbers: Iterator[int] = field(default_factory=count)
    last: int = -1
    given: int = 0

    def next(self, size: int) -> list[int]:
        """The next numbers, as many as a batch holds; none when there are no more."""
        found = list(islice(self.numbers, size))
        self.given += len(found)
        self.last = found[-1] if found else self.last
        return found


class Worker:
    """A process that does cases."""

    def __init__(self, work: Path, limit: float) -> None:
        path = os.pathsep.join([str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
        arguments = [sys.executable, "-m", "benchmarks.faults.worker", str(work), str(limit)]
        environment = os.environ | surroundings() | {"PYTHONPATH": path, "TMPDIR": str(work)}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(arguments, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, bufsize=0)
        self._held = b""

    def ask(self, request: Mapping[str, Any]) -> None:
        """Hand it something to do."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request).encode() + b"\n")

    def answers(self) -> Iterator[dict[str, Any]]:
        """What it has said since.

        Raises:
            RuntimeError: it is gone.
        """
        data = os.read(self.process.stdout.fileno(), 1 << 16)  # type: ignore[union-attr]
        if not data:
            raise RuntimeError("a worker of the campaign has ended")
        *lines, self._held = (self._held + data).split(b"\n")
        yield from map(json.loads, lines)

    def end(self) -> None:
        """Let it end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:  # in the middle of a case
            self.process.terminate()
            self.process.wait()


class Campaign:
    """Runs cases and counts how they end.

    Args:
        work: an empty folder.
        kinds: of the table.
        first: number of the first case of each kind.
        wanted: numbers of cases by kind; without it there are as many as there is time for.
        limit: seconds after which a command hangs; measured if not given.
        workers: processes.
    """

    def __init__(
        self,
        work: Path,
        kinds: list[str],
        *,
        first: int = 0,
        wanted: Mapping[str, Sequence[int]] | None = None,
        limit: float | None = None,
        workers: int = WORKERS,
    ) -> None:
        self.tallies = {kind: Tally(numbers=iter(wanted[kind]) if wanted else count(first)) for kind in kinds}
        self.bad: list[Case] = []
        self.first = first
        self.minutes = 0.0
        self._work, self._workers, self._limit = work, workers, limit

    def run(self, minutes: float | None) -> Iterator[Case | str]:
        """Every case as it ends, and before them what is being prepared."""
        jobs = list(dict.fromkeys(job for kind in self.tallies for job in KINDS[kind].jobs))
        if self._limit is None:
            self._limit = LEAST
            slowest = 0.0
            for answer in self._spread({"job": job} for job in jobs):
                slowest = max(slowest, answer["seconds"])
                yield f"a run without a fault: {answer['seconds']:.0f} s"
            self._limit = max(LEAST, SLOWER * slowest)
        begun = time.monotonic()
        for answer in self._spread(self._requests(begun + 60 * minutes if minutes is not None else float("inf"))):
            self.minutes = (time.monotonic() - begun) / 60
            yield self._counted(answer)

    def _counted(self, answer: dict[str, Any]) -> Case:
        case = Case(answer["kind"], answer["number"], Ending(answer["ending"]), answer["detail"], answer["seconds"])
        tally = self.tallies[case.kind]
        tally.ended[case.ending] += 1
        tally.seconds += case.seconds
        if case.ending in BAD:
            self.bad.append(case)
        return case

    def _requests(self, until: float) -> Iterator[dict[str, Any]]:
        """Batches of the kind that has had the least time."""
        pending: dict[str, float] = dict.fromkeys(self.tallies, 0.0)
        while pending and time.monotonic() < until:
            kind = min(pending, key=lambda name: (self.tallies[name].seconds + pending[name]) / KINDS[name].share)
            tally = self.tallies[kind]
            numbers = tally.next(KINDS[kind].batch)
            if not numbers:
                del pending[kind]
                continue
            done = sum(tally.ended.values())
            pending[kind] = (tally.given - done) * (tally.seconds / done if done else 1.0)
            yield {"kind": kind, "numbers": numbers}

    def _spread(self, requests: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Requests over the workers; their answers as they come."""
        assert self._limit is not None
        workers = [Worker(self._work, self._limit) for _ in range(self._workers)]
        selector = selectors.DefaultSelector()
        try:
            busy = 0
            for worker in workers:
                busy += self._next(worker, requests)
                selector.register(worker.process.stdout, selectors.EVENT_READ, worker)  # type: ignore[arg-type]
            while busy:
                for key, _ in selector.select():
                    for answer in key.data.answers():
                        if "done" not in answer:
                            yield answer
                        elif not self._next(key.data, requests):
                            busy -= 1
        finally:
            for worker in workers:
                worker.end()
            unmount(self._work)

    def _next(self, worker: Worker, requests: Iterator[dict[str, Any]]) -> bool:
        request = next(requests, None)
        if request is not None:
            worker.ask(request)
        return request is not None
