"""Cases by the thousand: every kind gets the same time, two workers at most, and what each case was is kept."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.faults.commands import ROOT, surroundings
from benchmarks.faults.kinds import KINDS
from benchmarks.faults.outcome import BAD, Ending

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
        count: cases that ended so.
        seconds: of work.
        given: cases handed out.
        left: cases still wanted; None is as many as there is time for.
    """

    count: dict[Ending, int] = field(default_factory=lambda: dict.fromkeys(Ending, 0))
    seconds: float = 0.0
    given: int = 0
    left: int | None = None


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
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)


class Campaign:
    """Runs cases and counts how they end.

    Args:
        work: an empty folder.
        kinds: of the table.
        seed: the numbers of a campaign start at a million times it.
        wanted: cases by kind; without it there are as many as there is time for.
        limit: seconds after which a command hangs; measured if not given.
        workers: processes.
    """

    def __init__(
        self,
        work: Path,
        kinds: list[str],
        *,
        seed: int = 0,
        wanted: Mapping[str, int] | None = None,
        limit: float | None = None,
        workers: int = WORKERS,
    ) -> None:
        self.tallies = {kind: Tally(left=(wanted or {}).get(kind)) for kind in kinds}
        self.bad: list[Case] = []
        self.first = seed * 1_000_000
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
        until = time.monotonic() + 60 * minutes if minutes is not None else float("inf")
        for answer in self._spread(self._requests(until)):
            yield self._counted(answer)

    def _counted(self, answer: dict[str, Any]) -> Case:
        case = Case(answer["kind"], answer["number"], Ending(answer["ending"]), answer["detail"], answer["seconds"])
        tally = self.tallies[case.kind]
        tally.count[case.ending] += 1
        tally.seconds += case.seconds
        if case.ending in BAD:
            self.bad.append(case)
        return case

    def _requests(self, until: float) -> Iterator[dict[str, Any]]:
        """Batches of the kind that has had the least time."""
        pending: dict[str, float] = dict.fromkeys(self.tallies, 0.0)
        while time.monotonic() < until:
            open_kinds = [kind for kind, tally in self.tallies.items() if tally.left is None or tally.left > 0]
            if not open_kinds:
                return
            kind = min(open_kinds, key=lambda name: self.tallies[name].seconds + pending[name])
            tally = self.tallies[kind]
            size = KINDS[kind].batch if tally.left is None else min(KINDS[kind].batch, tally.left)
            done = sum(tally.count.values())
            pending[kind] = (tally.given + size - done) * (tally.seconds / done if done else 1.0)
            first = self.first + tally.given
            tally.given += size
            if tally.left is not None:
                tally.left -= size
            yield {"kind": kind, "numbers": list(range(first, first + size))}

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

    def _next(self, worker: Worker, requests: Iterator[dict[str, Any]]) -> bool:
        request = next(requests, None)
        if request is not None:
            worker.ask(request)
        return request is not None
