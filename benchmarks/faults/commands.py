"""Commands of the program, each in a process of its own.

Most are forked from a process that has imported everything already and starts no threads: a tenth of the time. Every
eighth is a new Python, as a user starts it.
"""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from benchmarks.faults.forks import forked
from benchmarks.faults.inject import NEVER, Strike, set_clock_back, watch

ROOT = Path(__file__).resolve().parents[2]
CONF = ROOT / "conf"
LIMIT = 600.0
"""Seconds after which a command hangs; the campaign sets it from what commands take on this machine."""

PIPE = 1 << 20
"""Bytes that a command may say before somebody listens."""
MEMORY = 12 << 30
"""Bytes of addresses that a command may have: no case takes the machine's memory."""


@dataclass(frozen=True)
class Command:
    """One call of the program.

    Attributes:
        arguments: of ``autofis-kedro run``.
        folder: where it runs.
        strike: what happens to it.
        largest_file: bytes that no file may exceed; 0 is no limit. A full disk that needs no rights to make.
        environment: variables beside this process's own.
        clock_back: how far the clock that names versions was set back.
        is_new: in a new Python instead of a fork.
    """

    arguments: tuple[str, ...]
    folder: Path
    strike: Strike = NEVER
    largest_file: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    clock_back: timedelta = timedelta()
    is_new: bool = False


@dataclass(frozen=True)
class Ended:
    """How a command ended: its status (minus the signal that killed it), what it said, whether it had to be killed."""

    status: int
    output: str
    seconds: float
    is_hung: bool = False


class Running:
    """A command that was started."""

    def __init__(self, command: Command) -> None:
        self._start, self._text = time.monotonic(), bytearray()
        self._pipe, theirs = os.pipe()  # no file: a limit on files must not strike what it says
        fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, PIPE)
        os.set_blocking(self._pipe, False)
        self.pid = _spawned(command, theirs) if command.is_new else forked(lambda: _run(command), theirs)
        os.close(theirs)

    def wait(self, limit: float | None = None) -> Ended:
        """The end of it; killed when the limit is over."""
        until, status, is_hung = self._start + (limit or LIMIT), None, False
        while status is None:
            pid, found = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                status = os.waitstatus_to_exitcode(found)
            elif time.monotonic() > until and not is_hung:
                is_hung = True
                os.kill(self.pid, signal.SIGKILL)
            else:
                time.sleep(0.01)
                self._listen()
        self._listen()
        os.close(self._pipe)
        return Ended(status, self._text.decode(errors="replace"), time.monotonic() - self._start, is_hung)

    def _listen(self) -> None:
        try:
            while data := os.read(self._pipe, 1 << 16):
                self._text += data
        except BlockingIOError:
            return

    def is_over(self) -> bool:
        """Whether it has ended by itself."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def stop_after(self, seconds: float, number: int) -> bool:
        """Send a signal if it is still there after so long; whether it was."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.is_over():
                return False
            self._listen()
            time.sleep(0.05)
        os.kill(self.pid, number)
        return True


def run(command: Command, limit: float | None = None) -> Ended:
    """Start a command and wait for its end."""
    return Running(command).wait(limit)


def _spawned(command: Command, said: int) -> int:
    code = "import sys; from benchmarks.faults.commands import resumed; resumed(sys.argv.pop(1))"
    path = os.pathsep.join([str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path}
    arguments: Sequence[str] = [sys.executable, "-c", code, _as_text(command)]
    process = subprocess.Popen(
        arguments, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, env=environment
    )
    process.returncode = 0  # who waits for it is Running
    return process.pid


def _as_text(command: Command) -> str:
    import base64
    import pickle

    return base64.b64encode(pickle.dumps(command)).decode()


def resumed(text: str) -> None:
    """What a new Python does with a command that it was handed."""
    import base64
    import pickle

    signal.signal(signal.SIGINT, signal.default_int_handler)
    _run(pickle.loads(base64.b64decode(text)))


def _run(command: Command) -> None:
    """The command, in the process that is its own."""
    os.chdir(command.folder)
    os.environ.update(surroundings() | dict(command.environment))
    tempfile.tempdir = None
    if command.clock_back:
        set_clock_back(command.clock_back)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    if command.largest_file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (command.largest_file, command.largest_file))
    sys.argv = ["autofis-kedro", *command.arguments]
    count = watch(command.strike)
    from autofis_kedro.__main__ import main

    try:
        main()
    finally:
        if os.environ.get("FAULTS_COUNT"):
            Path(os.environ["FAULTS_COUNT"]).write_text(str(count()))


def surroundings() -> dict[str, str]:
    """Environment variables of every command: one thread, wide lines, the project's way to log."""
    given = {"OMP_NUM_THREADS": "1", "COLUMNS": "400", "DO_NOT_TRACK": "1", "KEDRO_DISABLE_TELEMETRY": "1"}
    return given | {"KEDRO_LOGGING_CONFIG": str(CONF / "logging.yml"), "POLARS_MAX_THREADS": "2"}
