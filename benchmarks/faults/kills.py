"""Runs that are killed, or asked to stop, at any moment of any stage, and started again."""

from __future__ import annotations

import random
import signal
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults.commands import Ended, run
from benchmarks.faults.inject import Strike
from benchmarks.faults.outcome import INTERRUPTED, Ending, Outcome, deep, last_line, of_run
from benchmarks.faults.projects import STRUCK, command_of, start
from benchmarks.faults.same import difference, keep_digests, leftovers, newest

WEIGHTS = {"compared": 3, "trees": 2, "report": 1, "predict": 2}
"""How often a job is struck: the whole report takes longest."""


@dataclass(frozen=True)
class Blow:
    """A signal at a moment of a job."""

    job: str
    number: int
    strikes: tuple[Strike, ...]

    def __str__(self) -> str:
        names = {signal.SIGKILL: "kill -9", signal.SIGTERM: "SIGTERM", signal.SIGINT: "SIGINT"}
        each = (f"{names[signal.Signals(s.signal)]} {s.after:.3f} s after change {s.at}" for s in self.strikes)
        return f"{self.job}: {', then '.join(each)}"


def kill(number: int, work: Path, room: Path) -> Outcome:
    """kill -9."""
    return _struck("kill", number, (signal.SIGKILL,), work, room)


def stop(number: int, work: Path, room: Path) -> Outcome:
    """SIGTERM and SIGINT: the run says that it was interrupted and what continues it."""
    return _struck("stop", number, (signal.SIGTERM, signal.SIGINT), work, room)


def _struck(kind: str, number: int, signals: tuple[int, ...], work: Path, room: Path) -> Outcome:
    chance = random.Random(f"{kind}:{number}")
    job = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    expected, moments = start(work, job, room)
    blow = Blow(job, moments, tuple(_strike(chance, moments, signals) for _ in range(chance.choice((1, 1, 1, 2)))))
    is_new = number % 8 == 0
    for strike in blow.strikes:
        ended = run(command_of(job, room, strike=strike, is_new=is_new))
        unsound = _is_unsound(ended, strike)
        if unsound is not None:
            return Outcome(unsound.ending, f"{blow}: {unsound.detail}")
    return _continued(job, blow, expected, room, is_new)


def _strike(chance: random.Random, moments: int, signals: tuple[int, ...]) -> Strike:
    """At a change of a file or up to 0.3 s after it."""
    after = chance.choice((0.0, chance.random() * 0.01, chance.random() * 0.3))
    return Strike(at=chance.randint(1, moments), signal=chance.choice(signals), after=after)


def _is_unsound(ended: Ended, strike: Strike) -> Outcome | None:
    """What is wrong with how a run took the blow; None if nothing is."""
    if ended.is_hung:
        return Outcome(Ending.HUNG, f"goes on after {signal.Signals(strike.signal).name}: {last_line(ended.output)}")
    inside = deep(ended.output)
    if inside is not None:
        return Outcome(Ending.TRACEBACK, f"{inside} ... {last_line(ended.output)}")
    if strike.signal == signal.SIGKILL or ended.status == 0:
        return None  # a run may be over before a late signal
    if ended.status not in INTERRUPTED or "continues" not in ended.output:
        return Outcome(Ending.WRONG, f"status {ended.status} without what continues it: {last_line(ended.output)}")
    return None


def _continued(job: str, blow: Blow, expected: dict[str, str], room: Path, is_new: bool) -> Outcome:
    """The same command again, let alone."""
    ended = run(command_of(job, room, is_new=is_new))
    if ended.is_hung:
        return Outcome(Ending.HUNG, f"{blow}: the same command again hangs")
    outcome = of_run(ended.status, ended.output)
    if outcome.ending != Ending.WORKED:
        ending = Ending.WRONG if outcome.ending == Ending.REFUSED else outcome.ending
        return Outcome(ending, f"{blow}: the same command again fails: {outcome.detail}")
    found = keep_digests(newest(room / "data"), room / "found.json")
    wrong = difference(expected, found) or leftovers(room / "data")
    return Outcome(Ending.WRONG, f"{blow}: {wrong} at the end") if wrong else Outcome(Ending.WORKED, str(blow))


assert set(WEIGHTS) == set(STRUCK), "every job is struck"
