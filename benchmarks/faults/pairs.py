"""Two runs at once in one folder: each has its own right result, or is refused."""

from __future__ import annotations

import random
import time
from pathlib import Path

from benchmarks.faults.commands import Running
from benchmarks.faults.outcome import Ending, Outcome, of_run
from benchmarks.faults.projects import command_of, prepare, start
from benchmarks.faults.same import VERSION, difference, keep_digests, leftovers, of_version, read_digests

JOBS = ("compared", "compared, seed 1")


def pair(number: int, work: Path, room: Path) -> Outcome:
    """The same stages with two seeds, the second begun at any moment of the first."""
    chance = random.Random(f"pair:{number}")
    start(work, JOBS[0], room)
    seconds = float((prepare(work, JOBS[0]) / "seconds").read_text())
    delay = chance.choice((0.0, chance.uniform(0, seconds)))
    what = f"two runs, the second {delay:.2f} s later"
    first = Running(command_of(JOBS[0], room))
    time.sleep(delay)
    second = Running(command_of(JOBS[1], room))
    ended = [first.wait(), second.wait()]
    if any(one.is_hung for one in ended):
        return Outcome(Ending.HUNG, what)
    outcomes = [of_run(one.status, one.output) for one in ended]
    bad = next((one for one in outcomes if one.ending not in (Ending.WORKED, Ending.REFUSED)), None)
    if bad is not None:
        return Outcome(bad.ending, f"{what}: {bad.detail}")
    worked = [job for job, outcome in zip(JOBS, outcomes, strict=True) if outcome.ending == Ending.WORKED]
    if not worked:
        return Outcome(Ending.WRONG, f"{what}: both were refused: {outcomes[0].detail}; {outcomes[1].detail}")
    wrong = _mixed(worked, work, room) or leftovers(room / "data")
    if wrong:
        return Outcome(Ending.WRONG, f"{what}: {wrong}")
    return Outcome(outcomes[1].ending, f"{what}: {outcomes[1].detail}")


def _mixed(worked: list[str], work: Path, room: Path) -> str:
    """Which of the runs that ended well has no version of every artifact that is its own."""
    data = room / "data"
    versions = sorted({part for path in data.rglob("*") for part in path.parts if VERSION.fullmatch(part)})
    found = [keep_digests(of_version(data, version), room / "found.json") for version in versions]
    for job in worked:
        expected = read_digests(prepare(work, job) / "digests.json")
        wrong = [difference(expected, digests) for digests in found]
        if all(wrong):
            return f"no version holds what '{job}' makes alone: {'; '.join(wrong)}"
    return ""
