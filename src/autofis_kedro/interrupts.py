"""SIGTERM is to a run what Ctrl+C is: it ends cleanly, says so, and says what continues it."""

import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from autofis_kedro.sources.run_lock import command_line

GRACE_SECONDS = 10.0
"""What a run has for cleaning up. A call that takes longer (polars over a large file) is then cut off: what it leaves
is cleared by the next run."""

NAMES = {signal.SIGINT: "Interrupted", signal.SIGTERM: "Terminated"}


class Terminated(KeyboardInterrupt):
    """SIGTERM came. What handles Ctrl+C handles it, too."""


@contextmanager
def listening() -> Iterator[None]:
    """Turn SIGTERM into ``Terminated``, and see to it that a run ends soon after either signal."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only there signals arrive
        return
    told, tells = socket.socketpair()
    tells.setblocking(False)
    before = signal.signal(signal.SIGTERM, _raise)
    descriptor = signal.set_wakeup_fd(tells.fileno(), warn_on_full_buffer=False)
    is_over = threading.Event()
    threading.Thread(target=_insist, args=[told, is_over], daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(descriptor)
        signal.signal(signal.SIGTERM, before)
        is_over.set()
        tells.close()  # which ends the thread


def status(error: KeyboardInterrupt) -> int:
    """The exit status that the signal asks for: 128 and its number."""
    return 128 + (signal.SIGTERM if isinstance(error, Terminated) else signal.SIGINT)


def farewell(exit_status: int) -> str:
    """What a run says at its early end."""
    name = NAMES[signal.Signals(exit_status - 128)]
    return f"{name}. The same command continues from finished seeds and checkpoints: {command_line()}"


def _raise(number: int, frame: FrameType | None) -> None:
    raise Terminated


def _insist(told: socket.socket, is_over: threading.Event) -> None:
    """Wait for a signal, then for the run's own end, then end it: Python handles signals between two lines only."""
    number = 0
    while number not in NAMES:
        if not (heard := told.recv(1)):
            return
        number = heard[0]
    if is_over.wait(GRACE_SECONDS):
        return
    exit_status = 128 + number
    sys.stderr.write(f"{farewell(exit_status)}\n")
    sys.stderr.flush()
    for child in multiprocessing.active_children():
        child.kill()
    logging.shutdown()
    os._exit(exit_status)


def _forget() -> None:
    """In a forked child: what ends processes of a pool is SIGTERM."""
    if signal.getsignal(signal.SIGTERM) is _raise:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
