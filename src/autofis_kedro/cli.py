"""``kedro run`` whose errors are one clear message."""

import logging
import os
import re
import sys
from collections.abc import Collection, Iterator
from copy import copy
from functools import wraps
from pathlib import Path
from typing import Any

import click
from kedro.config import MissingConfigException
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.cli.utils import _split_params
from kedro.framework.project import pipelines, settings
from kedro.pipeline import Pipeline
from kedro.utils import find_kedro_project
from kedro.validation.exceptions import ParameterValidationError
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError
from yaml import YAMLError  # type: ignore[import-untyped]

from autofis_kedro.console import in_utf8, show_as_written
from autofis_kedro.errors import UserError
from autofis_kedro.interrupts import farewell, listening, status
from autofis_kedro.reporting.written import on_one_line
from autofis_kedro.sources.checked import explain_validation, unknown
from autofis_kedro.surroundings import explain_surroundings

RUNNERS = ("sequential_runner", "thread_runner", "parallel_runner")


@click.group(name="autofis-kedro")
def cli() -> None:
    """Commands of this project."""


def explain(error: BaseException) -> str | None:
    """The message for a user's mistake; None if the error is no user's mistake."""
    said = next((cause for cause in causes(error) if isinstance(cause, UserError)), None)
    if said is not None:  # what our resolvers say lies within an error of OmegaConf
        return str(said)
    for cause in causes(error):
        if isinstance(cause, ParameterValidationError):
            return str(cause)
        if isinstance(cause, ValidationError):
            return explain_validation(cause, cause.title)
        if isinstance(cause, YAMLError):
            return f"configuration: {_no_yaml(cause)}"
        if isinstance(cause, MissingConfigException | OmegaConfBaseException):
            return f"configuration: {str(cause).splitlines()[0]}"
        if isinstance(cause, ValueError) and str(cause).startswith("Pipeline contains no nodes"):
            return "no node is left: --tags, --nodes, --namespaces, --from-... and --to-... exclude each other"
    return next((found for cause in causes(error) if (found := explain_surroundings(cause)) is not None), None)


def _no_yaml(error: YAMLError) -> str:
    """The file, as Kedro names it, and the line, which Kedro counts from 0."""
    mark = getattr(error.__cause__, "problem_mark", None)
    where = str(error).partition(", unable to read line")[0]
    return f"{where}, line {mark.line + 1}: {error.__cause__.problem}" if mark else on_one_line(str(error))


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what led to it, outermost first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def environments(source: str | None = None) -> list[str]:
    """Folders of the configuration that describe a data set: all that their ``globals.yml`` does not say is in base."""
    conf = _configuration(source)
    return sorted(entry.parent.name for entry in conf.glob("*/globals.yml") if entry.parent.name != "base")


def _configuration(source: str | None) -> Path:
    return Path(source) if source else (find_kedro_project(Path.cwd()) or Path.cwd()) / settings.CONF_SOURCE


def check_run(options: dict[str, Any]) -> None:
    """Check every name that the options of ``kedro run`` hold, before anything is loaded.

    Raises:
        UserError: names the misspelled one and what there is.
    """
    known = environments(options.get("conf_source"))
    env = options.get("env") or os.environ.get("KEDRO_ENV")
    if env and env not in known and (folder := _configuration(options.get("conf_source")) / env).is_dir():
        raise UserError(f"env '{env}': '{folder}' has no globals.yml, which names and describes the data set")
    _check("env", [env] if env and known else [], known)
    names = [options["pipeline"]] if options.get("pipeline") else list(options.get("pipelines") or [])
    _check("pipeline", names, list(pipelines))
    chosen = sum((pipelines[name] for name in names or ["__default__"]), Pipeline([]))
    nodes = {node.name for node in chosen.nodes}
    found: dict[str, tuple[str, Collection[str]]] = {
        "namespaces": ("namespace", {node.namespace for node in chosen.nodes if node.namespace}),
        "tags": ("tag", {tag for node in chosen.nodes for tag in node.tags}),
        "node_names": ("node", nodes),
        "from_nodes": ("node", nodes),
        "to_nodes": ("node", nodes),
        "from_inputs": ("data set", chosen.datasets()),
        "to_outputs": ("data set", chosen.datasets()),
    }
    for option, (kind, allowed) in found.items():
        _check(kind, list(options.get(option) or []), allowed)


def _check(kind: str, names: Collection[str], allowed: Collection[str]) -> None:
    for name in names:
        if name not in allowed:
            raise UserError(unknown(kind, name, allowed))


def _helps(record: logging.LogRecord) -> bool:
    """Whether a remark of Kedro helps: to repeat the command does not, before an error that names what to change."""
    return not record.getMessage().startswith("No nodes ran.")


@wraps(kedro_run.callback)  # type: ignore[arg-type]
def _run(**options: Any) -> Any:
    in_utf8()
    show_as_written()
    for runner in RUNNERS:
        logging.getLogger(f"kedro.runner.{runner}").addFilter(_helps)
    try:
        with listening():
            check_run(options)
            return kedro_run.callback(**options)  # type: ignore[misc]
    except KeyboardInterrupt as error:
        click.secho(farewell(status(error)), err=True)
        sys.exit(status(error))
    except Exception as error:
        message = explain(error)
        if message is None:
            raise
        lines = [on_one_line(line) for line in f"Error: {message}".splitlines()]
        click.secho("\n".join(lines), fg="red", err=True)
        sys.exit(1)


_ITEM = re.compile(r"([^,=]+=\s*(?:\[[^\]]*\]|\{[^}]*\})\s*)(?=,|$)|([^,]+)")


def _given(context: click.Context, option: click.Parameter, value: Any) -> Any:
    """What ``--params`` gives, as Kedro reads it; but a list keeps its commas: ``evidence.orders=[2,3]``."""
    found = _ITEM.findall(value) if isinstance(value, str) else []
    lists = [item.strip() for item, _ in found if item]
    rest = ",".join(item for _, item in found if item) if lists else value
    try:
        plain = _split_params(context, option, rest)
        return OmegaConf.to_container(OmegaConf.merge(plain, OmegaConf.from_dotlist(lists))) if lists else plain
    except (YAMLError, OmegaConfBaseException) as error:
        reason = on_one_line(str(getattr(error, "problem", None) or error))
        context.fail(
            f"--params {value}: a value is no YAML ({reason}); text with characters that mean something there, such as "
            "[ { * & @, stands in quotes of its own: --params 'raw_path=\"*.csv\"'"
        )


def _with_lists(option: click.Parameter) -> click.Parameter:
    if option.name == "params":
        option = copy(option)
        option.callback = _given
    return option


run = copy(kedro_run)
run.callback = _run
run.params = [_with_lists(option) for option in kedro_run.params]
cli.add_command(run)
