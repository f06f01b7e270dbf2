"""Functions in forks of this process, which end as an interpreter would."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from typing import Any


def in_child(function: Callable[[], Any]) -> None:
    """Call something in a fork, so that the threads it starts are not this process's.

    Raises:
        RuntimeError: it raised.
    """
    with tempfile.TemporaryFile() as said:
        pid = forked(function, said.fileno())
        _, status = os.waitpid(pid, 0)
        if status:
            said.seek(0)
            raise RuntimeError(said.read().decode(errors="replace"))


def forked(function: Callable[[], Any], said: int) -> int:
    """The process that calls a function, what it prints going to a file descriptor."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(said, 1)
        os.dup2(said, 2)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        status = _status_of(function)
        atexit._run_exitfuncs()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _status_of(function: Callable[[], Any]) -> int:
    """As the interpreter would end."""
    try:
        function()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        return 1
    return 0
