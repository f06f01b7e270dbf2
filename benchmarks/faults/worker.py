"""A process that has imported everything and forks one for every batch of cases: nothing of a case reaches the next.

It reads requests as lines of JSON, ``{"kind": ..., "numbers": [...]}`` or ``{"job": ...}``, and answers likewise.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from benchmarks.faults import commands
from benchmarks.faults.kinds import KINDS
from benchmarks.faults.outcome import Ending, Outcome, deep, of_error
from benchmarks.faults.projects import prepare

IMPORTED = (
    "autofis_kedro.__main__",
    "autofis_kedro.settings",
    "autofis_kedro.pipeline_registry",
    "autofis_kedro.sources.artifacts",
    "autofis_kedro.sources.examples",
    "autofis_kedro.sources.raw_rows",
    "autofis_kedro.sources.report",
    "autofis_kedro.sources.rows",
    "autofis_kedro.sources.serving",
    "autofis_kedro.sources.tables",
    "autofis_kedro.data.byte_scan_numba",
    "lightgbm",
    "pyarrow.parquet",
    "sklearn.linear_model",
)


AT_WORK: set[int] = set()
"""Forks that do a batch."""


def main(work: Path, limit: float, answers: TextIO) -> None:
    """Answer requests until there are no more.

    Args:
        work: what all workers share: projects, their reference results.
        limit: seconds after which a command or a case in memory hangs.
        answers: where they go.
    """
    commands.LIMIT = limit
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal it reaches the campaign, too, which ends its workers
    os.environ.update(commands.surroundings())
    for module in IMPORTED:
        __import__(module)
    for line in sys.stdin:
        request = json.loads(line)
        if "job" in request:
            _in_fork(partial(_prepared, work, request["job"]), answers)
        else:
            _batch(request["kind"], request["numbers"], work, limit, answers)
        print(json.dumps({"done": True}), file=answers, flush=True)


def _prepared(work: Path, job: str, say: Any) -> None:
    folder = prepare(work, job)
    say({"seconds": json.loads((folder / "seconds").read_text())})


def _batch(kind: str, numbers: list[int], work: Path, limit: float, answers: TextIO) -> None:
    """Cases one after another in a fork; what kills or hangs it ends one case, and another fork goes on."""
    for job in KINDS[kind].jobs if KINDS[kind].batch > 1 else ():
        _in_fork(
            lambda say, job=job: prepare(work, job), answers
        )  # a command cannot be forked after a case has started threads
    left = list(numbers)
    while left:
        begun = time.monotonic()
        answered, ending = _in_fork(partial(_cases, kind, left, work), answers, 6 * limit)
        left = left[answered:]
        if ending is None or not left:
            continue
        case = {"kind": kind, "number": left.pop(0), "seconds": time.monotonic() - begun}
        print(json.dumps(case | {"ending": ending.ending, "detail": ending.detail}), file=answers, flush=True)


def _cases(kind: str, numbers: list[int], work: Path, say: Any) -> None:
    for number in numbers:
        begun = time.monotonic()
        room = Path(tempfile.mkdtemp(prefix=f"faults_{kind}_{number}_", dir=work))
        with _overheard() as said:
            try:
                outcome = KINDS[kind].run(number, work, room)
            except Exception as error:  # what the kind itself does not expect
                outcome = of_error(error)
        inside = deep(said())
        if inside is not None:
            outcome = Outcome(Ending.TRACEBACK, f"{outcome.detail}; printed: {inside}")
        seconds = time.monotonic() - begun
        detail = outcome.detail.replace(f"{room}/", "").replace(str(room), ".").replace(str(work), "WORK")
        say({"kind": kind, "number": number, "ending": outcome.ending, "detail": detail, "seconds": seconds})
        if os.environ.get("FAULTS_KEEP"):
            print(room, file=sys.stderr)
        else:
            shutil.rmtree(room, ignore_errors=True)


@contextmanager
def _overheard() -> Iterator[Callable[[], str]]:
    """What is printed as errors meanwhile: libraries print without raising."""
    kept = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        text: list[str] = []
        try:
            yield lambda: text[0]
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            file.seek(0)
            text.append(file.read().decode(errors="replace"))


def _in_fork(function: Any, answers: TextIO, limit: float = 1e9) -> tuple[int, Outcome | None]:
    """Pass on what a fork says: how many lines, and how it failed if it did, without a word for ``limit`` seconds."""
    ours, theirs = os.pipe()
    answers.flush()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.close(ours)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        status = 1
        try:
            with os.fdopen(theirs, "w") as pipe:
                function(lambda value: print(json.dumps(value), file=pipe, flush=True))
            status = 0
        except Exception:
            sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        finally:
            sys.stderr.flush()
            os._exit(status)
    os.close(theirs)
    AT_WORK.add(pid)
    try:
        return _passed_on(pid, ours, answers, limit)
    finally:
        AT_WORK.discard(pid)


def _end(number: int, frame: Any) -> None:
    """End with the case that is under way."""
    for pid in AT_WORK:
        os.killpg(pid, signal.SIGKILL)
    os._exit(1)


def _passed_on(pid: int, pipe: int, answers: TextIO, limit: float) -> tuple[int, Outcome | None]:
    n_lines, is_hung = 0, False
    with os.fdopen(pipe, "rb", buffering=0) as said:
        while True:
            ready, _, _ = select.select([said], [], [], limit)
            if not ready:
                is_hung = True
                os.killpg(pid, signal.SIGKILL)
                break
            data = said.readline()
            if not data:
                break
            answers.write(data.decode())
            answers.flush()
            n_lines += 1
    _, status = os.waitpid(pid, 0)
    if is_hung:
        return n_lines, Outcome(Ending.HUNG, f"no end after {limit:.0f} s")
    code = os.waitstatus_to_exitcode(status)
    return n_lines, Outcome(Ending.TRACEBACK, f"the process ended with status {code}") if code else None


if __name__ == "__main__":
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else is printed
    main(Path(sys.argv[1]), float(sys.argv[2]), replies)
