"""Damaged artifacts before the next stage, and damaged checkpoints before a run goes on."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

from benchmarks.faults.artifacts import files
from benchmarks.faults.commands import Ended, run
from benchmarks.faults.damage import damage
from benchmarks.faults.inject import Strike
from benchmarks.faults.outcome import Ending, Outcome, of_run
from benchmarks.faults.projects import command_of, start
from benchmarks.faults.same import VERSION, difference, keep_digests, newest

NEXT = ("predict", "extract", "choose", "page")
CONTINUED = ("compared", "trees")


def stage(number: int, work: Path, room: Path) -> Outcome:
    """Damage one file that an earlier stage made, and run the next."""
    chance = random.Random(f"stage:{number}")
    job = chance.choice(NEXT)
    expected, _ = start(work, job, room)
    path = chance.choice(files(room / "data"))
    return _damaged(job, path, expected, room, chance)


def checkpoint(number: int, work: Path, room: Path) -> Outcome:
    """Kill a training, damage one of its checkpoints, and run the same command again."""
    chance = random.Random(f"checkpoint:{number}")
    job = chance.choice(CONTINUED)
    expected, moments = start(work, job, room)
    at = chance.randint(moments // 4, moments)
    run(command_of(job, room, strike=Strike(at=at, signal=signal.SIGKILL)))
    kept = sorted(path for path in room.glob("data/**/checkpoints/**/*") if path.is_file())
    if not kept:
        kept = files(room / "data")
    return _damaged(job, chance.choice(kept), expected, room, chance)


def _damaged(job: str, path: Path, expected: dict[str, str], room: Path, chance: random.Random) -> Outcome:
    name = VERSION.sub("*", path.relative_to(room / "data").as_posix())
    os.environ["FAULTS_UNPICKLED"] = str(room)
    what = f"{job} after {name}: {_in_child(path, room / 'data', chance)}"
    ended = run(command_of(job, room))
    return judged(ended, expected, room, path, what)


def _in_child(path: Path, data: Path, chance: random.Random) -> str:
    """Damage in a child, whose libraries start threads that must not be forked."""
    from benchmarks.faults.forks import in_child

    note = path.with_name("faults_note") if path.is_dir() else data.parent / "faults_note"
    in_child(lambda: note.write_text(damage(path, data, chance)))
    return note.read_text()


def judged(ended: Ended, expected: dict[str, str], room: Path, path: Path, what: str) -> Outcome:
    """Refused by name, or the same as without the damage."""
    if ended.is_hung:
        return Outcome(Ending.HUNG, what)
    outcome = of_run(ended.status, ended.output)
    if (room / "faults_unpickled").exists():
        return Outcome(Ending.WRONG, f"{what}: was unpickled")
    if outcome.ending == Ending.REFUSED:
        return _named(outcome, path, what)
    if outcome.ending != Ending.WORKED:
        return Outcome(outcome.ending, f"{what}: {outcome.detail}")
    name = VERSION.sub("*", path.relative_to(room / "data").as_posix())
    found = keep_digests(
        {key: place for key, place in newest(room / "data").items() if key != name}, room / "found.json"
    )
    wrong = difference({key: digest for key, digest in expected.items() if key != name}, found)
    return Outcome(Ending.WRONG, f"{what}: status 0 and {wrong}") if wrong else Outcome(Ending.WORKED, what)


def _named(outcome: Outcome, path: Path, what: str) -> Outcome:
    """A refusal names the artifact: its file, its data set or its folder."""
    below = path.parts[path.parts.index("data") + 3 :]
    if any(Path(part).stem in outcome.detail for part in below if not VERSION.fullmatch(part)):
        return Outcome(Ending.REFUSED, f"{what}: {outcome.detail}")
    return Outcome(Ending.WRONG, f"{what}: the refusal does not name the artifact: {outcome.detail}")
