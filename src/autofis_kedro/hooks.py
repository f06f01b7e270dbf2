"""Hooks: check parameters before a run, print the summary and clear checkpoints after it."""

import logging
import shutil
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from rich.console import Console

from autofis_kedro.errors import UserError
from autofis_kedro.reporting.tables import render
from autofis_kedro.roster import SEARCHED

logger = logging.getLogger(__name__)

SHORTHANDS = ("raw_path", "epochs", "n_seeds", "seed", "device", "batch_size", "embedding_dim", "n_rows")
"""Top-level names that --params takes and that conf/ hands on to where they belong."""


class CheckParameters:
    """Rejects names in --params that nothing reads; Kedro ignores them silently."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Compare --params with what the configuration has."""
        given: dict[str, Any] = context._runtime_params or {}
        if not given:
            return
        loader = context.config_loader
        loader.runtime_params = {key: value for key, value in given.items() if key in SHORTHANDS}
        known = dict(loader["parameters"])
        loader.runtime_params = given
        for key, value in given.items():
            if key not in SHORTHANDS:
                _check_known(key, value, known, "")


def _check_known(key: str, value: Any, known: Any, above: str) -> None:
    path = f"{above}{key}"
    if not isinstance(known, dict) or key not in known:
        allowed = sorted(known) if isinstance(known, dict) else []
        names = [*allowed, *SHORTHANDS] if not above else allowed
        near = get_close_matches(key, names, n=1)
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        raise UserError(f"parameter '{path}' does not exist{hint}; there are: {', '.join(names)}")
    if isinstance(value, dict) and known[key]:
        for inner, inner_value in value.items():
            _check_known(inner, inner_value, known[key], f"{path}.")


class PrintSummary:
    """Ends a run with what the user came for."""

    @hook_impl
    def after_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Print the comparison and the kept interactions that this run made."""
        console = Console()
        if not console.is_terminal:
            console = Console(width=max(console.width, 120))  # a log file has no width: nothing is cut
        made = pipeline.all_outputs()
        selections = {name: catalog[f"{name}.selection"].load() for name in SEARCHED if f"{name}.selection" in made}
        place = str(Path("data").resolve())
        if "comparison" in made:
            render(console, catalog["comparison"].load(), selections, place)
        elif selections:
            render(console, None, selections, place)

    @hook_impl
    def on_pipeline_error(self, error: Exception) -> None:
        """Say that nothing finished is lost."""
        logger.error("The run stopped. Finished seeds and checkpoints are kept: the same command continues from them.")


class CleanCheckpoints:
    """Removes checkpoints when all that they were for is in the catalog."""

    @hook_impl
    def after_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Remove the folder."""
        if "params:checkpoints" not in pipeline.inputs():
            return
        value = catalog["params:checkpoints"].load()
        folder = Path(value["folder"] if isinstance(value, dict) else value.folder)
        shutil.rmtree(folder, ignore_errors=True)
