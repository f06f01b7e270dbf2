"""Run this project's Kedro commands from tests, in a folder of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from kedro.framework import project

from tests.prepared import Started, started

ROOT = Path(__file__).resolve().parents[1]
CONF = ROOT / "conf"
ENVIRONMENTS = sorted(path.parent.name for path in CONF.glob("*/globals.yml") if path.parent.name != "base")

TINY = "n_rows=3000,embedding_dim=2,epochs=1,batch_size=500,search.epochs=1"
"""Parameters with which the whole synthetic job takes seconds."""


def configured() -> None:
    """Tell Kedro, within this process, which project it has: once, for every time it makes all pipelines anew."""
    if project.PACKAGE_NAME != "autofis_kedro":
        project.configure_project("autofis_kedro")


def command(*options: str) -> list[str]:
    """``kedro run`` as a command line, for a folder that is no project."""
    return [sys.executable, "-m", "autofis_kedro", *_arguments(options)]


def _arguments(options: tuple[str, ...]) -> list[str]:
    return ["--conf-source", str(CONF), *options]


def surroundings() -> dict[str, str]:
    """Environment variables for it: wide lines, one thread."""
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    given = {"PYTHONPATH": path, "COLUMNS": "250", "OMP_NUM_THREADS": "1", "DO_NOT_TRACK": "1"}
    logging = {"KEDRO_LOGGING_CONFIG": str(CONF / "logging.yml")}
    return os.environ | given | logging


def kedro_run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run to the end in ``folder``, output and errors in ``stdout``."""
    with kedro_started(folder, *options) as process:
        said = process.stdout.read()
        return subprocess.CompletedProcess(options, process.wait(), said)


def kedro_started(folder: Path, *options: str) -> AbstractContextManager[Started]:
    """Start it in ``folder``, from a process that has its libraries already: the same, but seconds sooner."""
    return started("autofis_kedro", _arguments(options), folder, surroundings())


def kedro_run_anew(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run to the end in ``folder``, in a new interpreter as a user starts it."""
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.run(
        command(*options), cwd=folder, env=surroundings(), text=True, timeout=300, check=False, **pipe
    )


def newest(folder: Path, pattern: str) -> Path:
    """The newest version of an artifact."""
    found = sorted(folder.glob(f"data/{pattern}/*/*"))
    assert found, f"no {pattern} in {folder}"
    return found[-1]
