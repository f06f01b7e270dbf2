"""Programs that start from a process in which everything is imported already.

``python -m autofis_kedro`` works for 5 s before it does anything: it imports torch, pandas, scipy, Kedro. Each process
of pytest keeps one process that has imported these, and every program begins as a copy of that: a process of its own,
with its own signals, exit status and output. The imported process does nothing else, so that a copy lacks no thread
that it would wait for.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import TextIO
from unittest import mock

IMPORTED = [
    "torch",
    "torch._dynamo",
    "torch.export",
    "numba",
    "lightgbm",
    "pandas",
    "pyarrow.parquet",
    "scipy.stats",
    "sklearn.metrics",
    "sklearn.linear_model",
    "plotly.graph_objects",
    "plotly.io",
    "plotly.offline",
    "plotly.subplots",
    "safetensors.torch",
    "pydantic",
    "rich.logging",
    "omegaconf",
    "antlr4",
    "fsspec.implementations.local",
    "kedro.framework.cli.project",
    "kedro.framework.session",
    "kedro.runner",
    "kedro.validation",
    "kedro_datasets.json",
    "kedro_telemetry.plugin",
    "kedro_viz.integrations.kedro.hooks",
    "kedro_viz.launchers.cli.main",
    "polars",
    "autofis_kedro.cli",
    "autofis_kedro.pipeline_registry",
    "autofis_kedro.settings",
    "pytest",
]
READ_AT_IMPORT = ("AUTOFIS_PLAIN", "NUMBA_", "OMP_", "KEDRO_LOGGING", "POLARS_")
"""Beginnings of the names of variables."""

_began_with: list[dict[str, str]] = []


class Started:
    """A program that runs; ``stdout`` gives its lines, those of errors among them, as it writes them."""

    def __init__(self, process: ForkServerProcess, stdout: TextIO) -> None:
        self._process, self.stdout = process, stdout

    @property
    def pid(self) -> int:
        return self._process.pid

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self, timeout: float = 300) -> int:
        """The exit status, or the negative number of the signal that ended it.

        Raises:
            TimeoutError: it still runs.
        """
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise TimeoutError(f"process {self.pid} still runs after {timeout} s")
        return self._process.exitcode


@contextmanager
def started(module: str, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Iterator[Started]:
    """``python -m module arguments`` in a folder. What still runs at the end is killed."""
    read, write = multiprocessing.Pipe(duplex=False)
    process = _context(environment).Process(
        target=_run, args=(module, list(arguments), str(folder), dict(environment), write)
    )
    process.start()
    write.close()
    with read, os.fdopen(os.dup(read.fileno()), encoding="utf-8", errors="replace") as stdout:
        try:
            yield Started(process, stdout)
        finally:
            process.kill()
            process.join()


def _context(environment: Mapping[str, str]) -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    read = {name: value for name, value in environment.items() if name.startswith(READ_AT_IMPORT)}
    if not _began_with:
        _began_with.append(read)
        context.set_forkserver_preload(IMPORTED)
        with mock.patch.dict(os.environ, environment, clear=True):
            forkserver.ensure_running()
    assert _began_with == [read], "what modules read as they are imported has changed: start a new interpreter"
    return context


def _run(module: str, arguments: list[str], folder: str, environment: dict[str, str], output: Connection) -> None:
    multiprocessing.process._parent_process = None  # it is nobody's worker
    for descriptor in (1, 2):
        os.dup2(output.fileno(), descriptor)
    output.close()
    # those of before are made for what was there
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.__stderr__ = os.fdopen(
        2, "w", encoding="utf-8", closefd=False, buffering=1, errors="backslashreplace"
    )
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    found = environment.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [folder, *(path for path in found if path), *sys.path]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
