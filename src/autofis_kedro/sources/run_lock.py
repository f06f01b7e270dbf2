"""One run at a time writes into a data set's folders: an operating system's lock, which dies with its process.

The lock is on ``data/.<data set>.lock``. The file stays when the lock goes, for two processes that delete and make it
could both believe that they hold it; it says who holds the lock, or held it last.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import shlex
import socket
import sys
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from autofis_kedro.errors import UserError
from autofis_kedro.sources import os_lock

logger = logging.getLogger(__name__)

HELD = "AUTOFIS_LOCKS_HELD"
"""Environment variable by which a process that a run starts knows what the run holds: it works under the same lock."""
BETWEEN = "\n"
"""What it holds: folders may have the colon of other such lists in their names."""
WITHOUT_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
"""What file systems say that have none, as some network file systems do."""
POLL_SECONDS = 0.5
LEFT_SECONDS = 2.0
"""How long what a killed process leaves may take to go."""


class Holder(NamedTuple):
    """Who holds a lock."""

    pid: int
    host: str
    started: str
    command: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, which began at {self.started}: {self.command}"


class RunLock:
    """The lock of one data set; a process may take it again within itself, and so may the processes that it starts.

    Attributes:
        path: of its file.
        is_certain: whether no other run can be there: not so where the file system has no locks, nor in a process that
            works under the lock of the one that started it.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.is_certain = path, False
        self._file: int | None = None
        self._pid = 0

    @property
    def is_held(self) -> bool:
        """Whether this very process holds the operating system's lock."""
        return self._file is not None and self._pid == os.getpid()

    def acquire(self, *, wait: bool = False) -> None:
        """Take the lock, or wait for it.

        Raises:
            UserError: another process holds it (which one), or the folder cannot be written.
        """
        if self.is_held or _is_inherited(self.path):
            return
        file = self._opened()
        try:
            self._take(file, wait=wait)
        except BaseException:
            os.close(file)
            raise
        self._file, self._pid = file, os.getpid()
        _say_who(file)
        os.environ[HELD] = BETWEEN.join([*_inherited(), f"{os.getpid()}@{self.path}"])

    def _take(self, file: int, *, wait: bool) -> None:
        deadline, is_said = time.monotonic() + LEFT_SECONDS, False
        while not self._try(file):
            holder = read_holder(self.path)
            is_dead = holder is not None and holder.host == socket.gethostname() and not _lives(holder.pid)
            if not wait and not (is_dead and time.monotonic() < deadline):
                raise UserError(_refusal(self.path, holder))
            if wait and not is_said:
                logger.warning("data set '%s' is in use by %s: waiting for it", _name(self.path), holder or "another")
                is_said = True
            time.sleep(POLL_SECONDS)

    def release(self) -> None:
        """Give the lock back; nothing happens in a process that took it over from another."""
        if self._file is None or not self.is_held:
            return
        with suppress(OSError):  # a file system without locks has none to give back
            os_lock.release(self._file)
        os.close(self._file)
        self._file = None
        os.environ[HELD] = BETWEEN.join(held for held in _inherited() if not held.endswith(f"@{self.path}"))

    def forget(self) -> None:
        """In a forked child: close the file, so that the lock ends with the process that took it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
        except OSError as error:
            raise UserError(f"nothing can be written into '{self.path.parent}': {error.strerror}") from error

    def _try(self, file: int) -> bool:
        try:
            self.is_certain = os_lock.try_lock(file)
            return self.is_certain
        except OSError as error:
            if error.errno not in WITHOUT_LOCKS:
                raise UserError(f"lock '{self.path}' cannot be taken: {error.strerror}") from error
            logger.warning(
                "'%s' lies on a file system without locks (%s): see to it yourself that no second run writes there",
                self.path.parent,
                error.strerror,
            )
            return True


def lock_of(artifact: Path) -> Path:
    """The lock that guards an artifact: ``data/.<data set>.lock`` for ``data/<layer>/<data set>/...``.

    Artifacts that lie elsewhere have the lock of their own folder.
    """
    for layer in artifact.parents:
        if layer.name[:2].isdigit() and layer.name[2:3] == "_" and layer != artifact.parent:
            return layer.parent / f".{artifact.relative_to(layer).parts[0]}.lock"
    return artifact.parent / ".run.lock"


def read_holder(path: Path) -> Holder | None:
    """Who holds the lock, or held it last; None where the file does not say."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Holder(int(found["pid"]), str(found["host"]), str(found["started"]), str(found["command"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def command_line() -> str:
    """What the user typed, as near as a process can tell."""
    program = Path(sys.argv[0]).name if sys.argv else ""
    if program == "__main__.py":
        program = "python -m autofis_kedro"
        return " ".join([program, *map(shlex.quote, sys.argv[1:])])
    return shlex.join([program, *sys.argv[1:]])


def _say_who(file: int) -> None:
    started = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    holder: dict[str, Any] = Holder(os.getpid(), socket.gethostname(), started, command_line())._asdict()
    os.ftruncate(file, 0)
    os.lseek(file, 0, os.SEEK_SET)
    os.write(file, json.dumps(holder).encode())


def _refusal(path: Path, holder: Holder | None) -> str:
    who = str(holder) if holder is not None else "another process"
    return (
        f"data set '{_name(path)}' in '{path.parent}' is in use by {who}; wait until it ends, let this run wait with "
        "--params wait_for_lock=true, or use another data set or folder"
    )


def _name(path: Path) -> str:
    return path.name.removeprefix(".").removesuffix(".lock")


def _inherited() -> list[str]:
    return [held for held in os.environ.get(HELD, "").split(BETWEEN) if held]


def _is_inherited(path: Path) -> bool:
    """Whether a process that started this one, and lives, says that it holds the lock."""
    for held in _inherited():
        pid, _, place = held.partition("@")
        holder = read_holder(path) if place == str(path) else None
        if holder is not None and pid == str(holder.pid) != str(os.getpid()) and _lives(holder.pid):
            return True
    return False


def _lives(pid: int) -> bool:
    if sys.platform == "win32":  # there a signal would end it
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return True
