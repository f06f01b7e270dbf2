"""``kedro run`` whose errors are one clear message."""

import sys
from collections.abc import Iterator
from copy import copy
from difflib import get_close_matches
from functools import wraps
from pathlib import Path
from typing import Any

import click
from kedro.config import MissingConfigException
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.project import pipelines
from pydantic import ValidationError

from autofis_kedro.errors import UserError


@click.group(name="autofis-kedro")
def cli() -> None:
    """Commands of this project."""


def explain(error: BaseException) -> str | None:
    """The message for a user's mistake; None if the error is no user's mistake."""
    for cause in causes(error):
        if isinstance(cause, UserError):
            return str(cause)
        if isinstance(cause, ValidationError):
            found = [f"{'.'.join(map(str, e['loc']))}: {e['msg']} (found: {e.get('input')!r})" for e in cause.errors()]
            return f"{cause.title}: " + "; ".join(found)
        if isinstance(cause, MissingConfigException):
            return f"{str(cause).splitlines()[0]}\nEnvironments (--env): {', '.join(environments())}"
        if type(cause).__name__ == "ParameterValidationError":
            return str(cause)
        if isinstance(cause, OSError) and cause.errno == 28:
            return f"no space left on the disk: {cause.filename or cause}"
    return None


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what led to it, outermost first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def environments() -> list[str]:
    """Folders of conf/ that hold a data set."""
    return sorted(folder.name for folder in Path("conf").glob("*") if (folder / "catalog.yml").exists() and folder.name != "base")


def check_names(env: str | None, names: Any) -> None:
    """Check the environment and the pipelines asked for, before anything is loaded.

    Raises:
        UserError: names the misspelled one and what there is.
    """
    if env is not None and environments() and env not in environments() and not (Path("conf") / env).is_dir():
        raise UserError(f"env '{env}' does not exist{_hint(env, environments())}; there are: {', '.join(environments())}")
    registered = sorted(pipelines)
    for name in names:
        if name and name not in registered:
            raise UserError(f"pipeline '{name}' does not exist{_hint(name, registered)}; there are: {', '.join(registered)}")


def check_namespaces(names: Any, wanted: Any) -> None:
    """Check the namespaces asked for.

    Raises:
        UserError: a namespace that no pipeline asked for has.
    """
    found: set[str] = set()
    for name in names or ["__default__"]:
        found |= {node.namespace for node in pipelines[name or "__default__"].nodes if node.namespace}
    for namespace in wanted:
        if namespace not in found:
            raise UserError(f"namespace '{namespace}' does not exist{_hint(namespace, sorted(found))}; there are: {', '.join(sorted(found))}")


def _hint(name: str, allowed: list[str]) -> str:
    near = get_close_matches(name, allowed, n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""


def _split(value: Any) -> list[str]:
    if value is None:
        return []
    return value.split(",") if isinstance(value, str) else [str(item) for item in value]


run = copy(kedro_run)


@wraps(kedro_run.callback)  # type: ignore[arg-type]
def _run(**options: Any) -> Any:
    try:
        names = _split(options.get("pipeline")) + _split(options.get("pipelines"))
        check_names(options.get("env"), names)
        check_namespaces(names, _split(options.get("namespaces")) + _split(options.get("namespace")))
        return kedro_run.callback(**options)  # type: ignore[misc]
    except Exception as error:
        message = explain(error)
        if message is None:
            raise
        click.secho(f"\nError: {message}", fg="red", err=True)
        sys.exit(1)


run.callback = _run
cli.add_command(run)
