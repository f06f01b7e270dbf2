"""What a run was: versions, commit, parameters, data; all that is needed to repeat it."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import autofis_kedro
from autofis_kedro.config import Frozen
from autofis_kedro.data.schema import Schema

PACKAGES = (
    "torch",
    "numpy",
    "numba",
    "polars",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "lightgbm",
    "kedro",
    "pydantic",
    "plotly",
)
"""The packages whose version may change a result or how it is shown."""


class RunFacts(Frozen):
    """What is needed to repeat a run.

    Attributes:
        command: as it was given.
        configuration: the options of it that say which configuration it read, for further commands.
        parameters: by group, as plain values.
        versions: of this package, of Python and of the packages that compute.
        machine: operating system and processor architecture.
        commit: of the code; None where it is not in a git repository.
        is_dirty: whether the code had uncommitted changes.
        schema_fingerprint: changes with any field, size or order of the data.
        rows: of every split.
    """

    command: str
    configuration: str = ""
    parameters: Mapping[str, Any]
    versions: Mapping[str, str]
    machine: str
    commit: str | None
    is_dirty: bool
    schema_fingerprint: str
    rows: Mapping[str, int]


def gather_facts(
    parameters: Mapping[str, Any], schema: Schema, rows: Mapping[str, int], arguments: Sequence[str]
) -> RunFacts:
    """The facts of the present process.

    Args:
        parameters: by group; values may be pydantic models.
        schema: of the encoded data.
        rows: of every split.
        arguments: the command line, program first.
    """
    commit, is_dirty = _commit(Path(autofis_kedro.__file__).parent)
    return RunFacts(
        command=command_line(arguments),
        configuration=configuration_options(arguments),
        # Kedro's order differs from run to run.
        parameters={name: _plain(value) for name, value in sorted(parameters.items())},
        versions=_versions(),
        machine=f"{platform.system()} {platform.machine()}",
        commit=commit,
        is_dirty=is_dirty,
        schema_fingerprint=schema.fingerprint,
        rows=dict(rows),
    )


def command_line(arguments: Sequence[str]) -> str:
    """A command line to paste: the program by its name, without the folder it was installed to."""
    program, *rest = arguments or ("kedro",)
    path = Path(program)
    name = f"python -m {path.parent.name}" if path.name == "__main__.py" else path.name
    return " ".join([name, *map(shlex.quote, rest)])


def configuration_options(arguments: Sequence[str]) -> str:
    """``--env`` and ``--conf-source`` of a command line, the former also from the environment's ``KEDRO_ENV``."""
    known = {"-e": "--env", "--env": "--env", "--conf-source": "--conf-source"}
    found = {"--env": os.environ.get("KEDRO_ENV", "")}
    rest = list(arguments)
    while rest:
        name, has_value, value = rest.pop(0).partition("=")
        if name in known:
            found[known[name]] = value if has_value else (rest.pop(0) if rest else "")
    return " ".join(f"{name} {shlex.quote(value)}" for name, value in found.items() if value)


def _versions() -> dict[str, str]:
    found = {"autofis-kedro": autofis_kedro.__version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # imported from a folder, not installed
            found[package] = "unknown"
    return found


def _commit(folder: Path) -> tuple[str | None, bool]:
    """The commit that holds the code, and whether files differ from it.

    A package installed below somebody else's repository is not tracked by it: then there is none.
    """
    if _git(folder, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None, False
    commit = _git(folder, "rev-parse", "HEAD")
    return commit, bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))


def _git(folder: Path, *arguments: str) -> str | None:
    """What git says; None if it is missing or refuses."""
    try:
        said = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return said.stdout.strip()


def _plain(value: Any) -> Any:
    """The value without pydantic models and paths: what JSON holds."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if isinstance(value, bool | int | float | str) or value is None else str(value)
