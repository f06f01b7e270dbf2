"""Faults inside the process that they strike: a signal or a failing file at a chosen moment, a clock set back.

Moments are counted in calls that touch files (Python's audit events), so that a number finds the same moment again.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

TOUCHES = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree", "os.link", "os.truncate")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass(frozen=True)
class Strike:
    """What happens at a moment.

    Attributes:
        at: the how many-th change of a file below ``folder``; 0 is never.
        signal: sent to the process itself; 0 sends none.
        after: seconds between the moment and the signal, for what no Python call marks.
        error: errno that this change and all later ones fail with, instead of a signal.
        folder: where files are counted.
    """

    at: int = 0
    signal: int = 0
    after: float = 0.0
    error: int = 0
    folder: str = "data"


NEVER = Strike()


def watch(strike: Strike) -> Callable[[], int]:
    """Arm a strike; returns how many changes there have been so far."""
    seen = [0]
    root = str(Path(strike.folder).resolve())

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in TOUCHES or not _changes(event, arguments) or not _below(root, arguments):
            return
        seen[0] += 1
        if not strike.at or seen[0] < strike.at:
            return
        if strike.error:
            raise OSError(strike.error, os.strerror(strike.error), str(arguments[0]))
        if seen[0] == strike.at:
            _send(strike)

    sys.addaudithook(hook)
    return lambda: seen[0]


def _changes(event: str, arguments: tuple[Any, ...]) -> bool:
    if event != "open":
        return True
    _, mode, flags = arguments
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & WRITING)


def _below(root: str, arguments: tuple[Any, ...]) -> bool:
    path = arguments[0]
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    return isinstance(path, str | os.PathLike) and os.path.abspath(path).startswith(root)


def _send(strike: Strike) -> None:
    def send() -> None:
        time.sleep(strike.after)
        os.kill(os.getpid(), strike.signal)

    if strike.after:
        threading.Thread(target=send, daemon=True).start()
    else:
        os.kill(os.getpid(), strike.signal)
    if strike.signal == signal.SIGKILL and not strike.after:
        signal.pause()


def set_clock_back(back: timedelta) -> None:
    """Let what Kedro names versions by say an earlier moment, as after a correction of the clock."""
    import kedro.framework.session.session
    import kedro.io.core

    class Earlier(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) - back

    for module in (kedro.io.core, kedro.framework.session.session):
        if hasattr(module, "datetime"):
            module.datetime = Earlier  # type: ignore[attr-defined]
    real = time.time
    time.time = lambda: real() - back.total_seconds()


NO_SPACE, READ_ONLY, INPUT_OUTPUT, TOO_MANY = errno.ENOSPC, errno.EROFS, errno.EIO, errno.EMFILE
