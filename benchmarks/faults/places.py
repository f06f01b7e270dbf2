"""Places that fail: a full disk, files that cannot be written or opened, no temporary folder, a clock set back."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from benchmarks.faults.commands import Ended, run
from benchmarks.faults.inject import INPUT_OUTPUT, NO_SPACE, READ_ONLY, TOO_MANY, Strike
from benchmarks.faults.outcome import Ending, Outcome, of_run
from benchmarks.faults.projects import STRUCK, command_of, prepare, start
from benchmarks.faults.same import VERSION, difference, keep_digests, leftovers, newest, of_version, read_digests

ERRORS = {
    NO_SPACE: "no space left",
    READ_ONLY: "read-only",
    INPUT_OUTPUT: "input/output error",
    TOO_MANY: "too many files",
}
PAGE = 4096
JOBS = (*STRUCK, "compared, seed 1")


def disk(number: int, work: Path, room: Path) -> Outcome:
    """A disk that is full: a small file system where one can be mounted, a limit on the size of files elsewhere."""
    chance = random.Random(f"disk:{number}")
    job = chance.choice(STRUCK[:-1])
    folder = prepare(work, job)
    if chance.random() < 0.5:
        made = _pages(folder / "data")
        size = _pages(folder) - made + int(made * chance.uniform(0.0, 1.0))
        with _small_disk(room, size) as is_small:
            if is_small:
                return _again(job, f"{job} on a disk of {size:,} bytes", work, room, enlarge=True)
    largest = max(path.stat().st_size for path in folder.glob("data/**/*") if path.is_file())
    limit = int(largest ** chance.uniform(0.3, 1.0))
    return _again(job, f"{job} with no file above {limit:,} bytes", work, room, largest_file=limit)


def _pages(folder: Path) -> int:
    """Bytes that a folder takes of a file system in memory: whole pages, and one for a folder."""
    return sum(PAGE * (1 + path.stat().st_size // PAGE) for path in folder.rglob("*"))


def place(number: int, work: Path, room: Path) -> Outcome:
    """A file operation that fails, no temporary folder, or an earlier clock."""
    chance = random.Random(f"place:{number}")
    what = chance.choice(("error", "error", "error", "no TMPDIR", "clock"))
    if what == "clock":
        return _earlier(chance, work, room)
    job = chance.choice(STRUCK)
    if what == "no TMPDIR":
        gone = {"TMPDIR": str(room / "gone"), "TEMP": str(room / "gone"), "TMP": str(room / "gone")}
        return _again(job, f"{job} with TMPDIR that is gone", work, room, environment=gone)
    moments = int((prepare(work, job) / "moments").read_text())
    strike = Strike(at=chance.randint(1, moments), error=chance.choice(list(ERRORS)))
    return _again(job, f"{job}: {ERRORS[strike.error]} from change {strike.at} on", work, room, strike=strike)


def _again(job: str, what: str, work: Path, room: Path, *, enlarge: bool = False, **struck: object) -> Outcome:
    """The command under the fault ends well or is refused; without it, it ends as if nothing had been."""
    expected, _ = start(work, job, room)
    first = _sound(run(command_of(job, room, **struck)), what)
    if first.ending not in (Ending.WORKED, Ending.REFUSED):
        return first
    if enlarge:
        subprocess.run(["mount", "-o", "remount,size=1g", str(room)], check=True)
    if first.ending == Ending.REFUSED:
        second = _sound(run(command_of(job, room)), f"{what}, then again without the fault")
        if second.ending != Ending.WORKED:
            ending = Ending.WRONG if second.ending == Ending.REFUSED else second.ending
            return Outcome(ending, f"{second.detail}; before: {first.detail}")
    found = keep_digests(newest(room / "data"), room / "found.json")
    wrong = difference(expected, found) or leftovers(room / "data")
    return Outcome(Ending.WRONG, f"{what}: {wrong} at the end; before: {first.detail}") if wrong else first


def _sound(ended: Ended, what: str) -> Outcome:
    if ended.is_hung:
        return Outcome(Ending.HUNG, what)
    outcome = of_run(ended.status, ended.output)
    return Outcome(outcome.ending, f"{what}: {outcome.detail}")


def _earlier(chance: random.Random, work: Path, room: Path) -> Outcome:
    """A second run whose clock is behind the first one's reads its own artifacts, not the newer ones of the first."""
    start(work, "compared", room)
    shutil.copytree(prepare(work, "compared") / "data", room / "data")
    before = {part for path in room.rglob("*") for part in path.parts if VERSION.fullmatch(part)}
    back = timedelta(seconds=chance.choice((1, 60, 3600, 86400 * 400)))
    what = f"a clock set back by {back}"
    outcome = _sound(run(command_of("compared, seed 1", room, clock_back=back)), what)
    if outcome.ending != Ending.WORKED:
        return outcome
    new = {part for path in room.rglob("*") for part in path.parts if VERSION.fullmatch(part)} - before
    expected = read_digests(prepare(work, "compared, seed 1") / "digests.json")
    files = {name: path for version in new for name, path in of_version(room / "data", version).items()}
    wrong = difference(expected, keep_digests(files, room / "found.json"))
    return Outcome(Ending.WRONG, f"{what}: {wrong}") if wrong else outcome


def unmount(work: Path) -> None:
    """Let go of file systems that cases were killed with."""
    mounts = Path("/proc/mounts")
    places = [line.split()[1] for line in mounts.read_text().splitlines()] if mounts.exists() else []
    for place in places:
        if place.startswith(f"{work}/"):
            subprocess.run(["umount", "-l", place], check=False)


@contextmanager
def _small_disk(place: Path, size: int) -> Iterator[bool]:
    """A file system of so many bytes at a folder, where this process may mount one."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={max(size, 1 << 16)}", "faults", str(place)]
    is_mounted = os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "-l", str(place)], check=False)
