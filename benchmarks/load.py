"""What other processes do while a benchmark runs: on busy cores times mean little."""

from __future__ import annotations

import os
import time
from pathlib import Path

QUIET = 0.05
"""Share of all cores that others may use in a quiet measurement."""


def busy_seconds() -> float | None:
    """Seconds that all cores have worked since the start of the machine; None where the system does not tell."""
    try:
        user, nice, system, _, _, *rest = (int(x) for x in Path("/proc/stat").read_text().split("\n")[0].split()[1:])
    except OSError:
        return None
    return float(user + nice + system + sum(rest[:3])) / os.sysconf("SC_CLK_TCK")


def process_seconds(pid: int) -> float:
    """Seconds that a process, and its children that have ended, have worked on all cores."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


class OthersShare:
    """Share of all cores that processes other than ``pid`` and this one used since this was made."""

    def __init__(self, pid: int | None = None) -> None:
        self.pids = [os.getpid()] if pid is None else [os.getpid(), pid]
        self.started, self.first = time.perf_counter(), self._others()

    def __call__(self) -> float | None:
        """The share, 0 to 1; None where the system does not tell."""
        now = self._others()
        if now is None or self.first is None:
            return None
        cores = os.cpu_count() or 1
        return max(0.0, (now - self.first) / (time.perf_counter() - self.started) / cores)

    def _others(self) -> float | None:
        busy = busy_seconds()
        return None if busy is None else busy - sum(process_seconds(pid) for pid in self.pids)


def wait_until_quiet(seconds: float) -> bool:
    """Wait for a second in which others do little, at most ``seconds``; whether it came."""
    end = time.perf_counter() + seconds
    while True:
        share = OthersShare()
        time.sleep(1)
        if (share() or 0.0) <= QUIET:
            return True
        if time.perf_counter() >= end:
            return False
