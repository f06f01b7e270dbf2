"""SIGTERM is to a run what Ctrl+C is: it ends cleanly, says so, and says what continues it."""

import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from types import FrameType

from autofis_kedro.sources.run_lock import command_line

GRACE_SECONDS = 10.0
"""What a run has for cleaning up. A call that takes longer (polars over a large file) is then cut off: what it leaves
is cleared by the next run."""

NAMES = {signal.SIGINT: "Interrupted", signal.SIGTERM: "Terminated"}


class Terminated(KeyboardInterrupt):
    """SIGTERM came. What handles Ctrl+C handles it, too."""


def listen() -> None:
    """Turn SIGTERM into ``Terminated``, and see to it that a run ends soon after either signal."""
    if threading.current_thread() is not threading.main_thread():
        return  # only there signals arrive
    signal.signal(signal.SIGTERM, _raise)
    told, tells = socket.socketpair()
    tells.setblocking(False)
    signal.set_wakeup_fd(tells.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_insist, args=[told, tells], daemon=True).start()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_forget)


def status(error: KeyboardInterrupt) -> int:
    """The exit status that the signal asks for: 128 and its number."""
    return 128 + (signal.SIGTERM if isinstance(error, Terminated) else signal.SIGINT)


def farewell(exit_status: int) -> str:
    """What a run says at its early end."""
    name = NAMES[signal.Signals(exit_status - 128)]
    return f"{name}. The same command continues from finished seeds and checkpoints: {command_line()}"


def _raise(number: int, frame: FrameType | None) -> None:
    raise Terminated


def _insist(told: socket.socket, tells: socket.socket) -> None:
    """Wait for a signal, then for the run's own end, then end it: python handles signals between two of its lines only.

    ``tells`` is held here, for it must stay open.
    """
    while (number := told.recv(1)[0]) not in NAMES:
        pass
    time.sleep(GRACE_SECONDS)
    exit_status = 128 + number
    sys.stderr.write(f"{farewell(exit_status)}\n")
    sys.stderr.flush()
    for child in multiprocessing.active_children():
        child.kill()
    logging.shutdown()
    os._exit(exit_status)


def _forget() -> None:
    """In a forked child: what ends processes of a pool is SIGTERM."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
