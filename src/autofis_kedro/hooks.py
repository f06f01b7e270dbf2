"""Hooks: check parameters and inputs before a run; show progress; print the summary and clear checkpoints after it."""

import logging
import shutil
from pathlib import Path
from typing import Any, cast

from kedro.config import OmegaConfigLoader
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from kedro.validation.type_extractor import TypeExtractor
from rich import get_console
from rich.text import Text

from autofis_kedro.config_loader import check_globals
from autofis_kedro.errors import UserError
from autofis_kedro.reporting.coverage_table import coverage_table, surprise
from autofis_kedro.reporting.synthetic_figures import check_planted
from autofis_kedro.reporting.tables import comparison, render
from autofis_kedro.roster import ALL, ANY_TRANSFER, SEARCHED, SEARCHED_3RD, SEARCHED_BI
from autofis_kedro.serving import scoring_report
from autofis_kedro.sources.atomic import AtomicDataset
from autofis_kedro.sources.checked import checked, unknown
from autofis_kedro.sources.node_counter import NodeCounter
from autofis_kedro.sources.tables import PaperTableDataset

logger = logging.getLogger(__name__)

SHORTHANDS = (
    "raw_path",
    "predict_path",
    "predict_keys",
    "epochs",
    "n_seeds",
    "seed",
    "device",
    "batch_size",
    "embedding_dim",
    "n_rows",
    "selection_from",
    "transfer_to",
    "wait_for_lock",
)
"""Top-level names that --params takes and that conf/ hands on to where they belong."""


class CheckParameters:
    """Rejects parameters that nothing reads and values that are not allowed, whichever pipeline runs.

    Kedro ignores unknown top-level names of --params silently, and checks only parameters of the pipeline that runs.
    """

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Check names against those of the configuration, and values by the types that nodes ask for.

        Raises:
            UserError: names the parameter, its value and what is allowed.
        """
        check_globals(cast(OmegaConfigLoader, context.config_loader))
        types = TypeExtractor(dict(pipelines)).extract_types_from_pipelines()
        for name in context._runtime_params or {}:
            if name not in types and name not in SHORTHANDS:
                raise UserError(unknown("parameter", name, types, SHORTHANDS))
        parameters = context.config_loader["parameters"]
        # a mistake in the model that transfer_to names is reported by its own name
        for name, model in sorted(types.items(), key=lambda item: item[0] == ANY_TRANSFER):
            if name not in parameters:
                raise UserError(f"parameter '{name}' is missing in conf/base/parameters")
            checked(model, parameters[name], name)


class CheckInputs:
    """Says what is missing before anything runs; Kedro would work until the first node that lacks it."""

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Look for every artifact that the chosen nodes read and do not make, and for what only some data sets have.

        Raises:
            UserError: names those that do not exist and the command that makes them; or Figure 5 where no planted
                pair is known.
        """
        needed = {name: catalog[name] for name in sorted(pipeline.inputs())}
        missing = ",".join(n for n, found in needed.items() if isinstance(found, AtomicDataset) and not found.exists())
        if missing:
            env = f" --env {run_params['env']}" if run_params.get("env") else ""
            raise UserError(f"the chosen nodes need {missing}: make it with kedro run{env} --to-outputs {missing}")
        if "figure5" in pipeline.all_outputs():
            is_made = "planted_interactions" in pipeline.all_outputs()
            check_planted(catalog["raw_rows"].load().planted if is_made else catalog["planted_interactions"].load())


class ShowProgress:
    """One line per finished node."""

    def __init__(self) -> None:
        self._counter = NodeCounter()

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline) -> None:
        """Count the nodes."""
        self._counter.begin(len(pipeline.nodes))

    @hook_impl
    def after_node_run(self, node: Node) -> None:
        """Say which is done."""
        counted = self._counter.next()
        logger.info("%s %s", "/".join(map(str, counted)) if counted else "done:", node.name)


class PrintSummary:
    """Ends a run with what the user came for."""

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Print what this run made, or was asked for and found made: models compared, interactions kept, tables, and
        where everything is.
        """
        made = pipeline.all_outputs()
        tables = [catalog[n].load() for n in sorted(made) if isinstance(catalog.get(n), PaperTableDataset)]
        searched = [name for name in (*SEARCHED, *SEARCHED_3RD, *SEARCHED_BI) if f"{name}.selection" in made]
        selections = {name: catalog[f"{name}.selection"].load() for name in searched}
        metrics = [catalog[f"{name}.metrics"].load() for name in ALL if f"{name}.metrics" in made]
        compared = comparison(metrics, None) if metrics and not tables else None
        if "comparison" in made:
            compared = catalog["comparison"].load()
        chosen = catalog["chosen_model"].load() if "chosen_model" in made else None
        evidence = catalog["evidence"].load() if "evidence" in made else None
        render(get_console(), compared, selections, str(Path("data").resolve()), chosen, tables, evidence)
        if "scored_rows" in made:
            _say_scores(Path(catalog["scored_rows"]._get_load_path()).resolve())
        if "report" in made:
            page = Path(catalog["report"]._get_load_path()).resolve()
            said = Text.assemble("Report: ", (str(page), "bold"), "   (open it in a browser)")
            get_console().print(said, soft_wrap=True)


def _say_scores(path: Path) -> None:
    """What the rows hold, and where their scores are."""
    report, console = scoring_report(path), get_console()
    console.print("\nValues that the train rows do not hold, and missing ones")
    console.print(coverage_table(report))
    for found in report.surprises():
        logger.warning(surprise(found))
    console.print(Text.assemble(f"Scores of {report.rows:,} rows: ", (str(path), "bold")), soft_wrap=True)


class KeepCheckpoints:
    """Checkpoints stay when a run fails and go when all that they were for is in the catalog."""

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Remove those of the models that this run trained; another unfinished run may need the others."""
        for node in pipeline.nodes:
            if "params:checkpoints" in node.inputs:
                folder = _checkpoints(catalog)
                shutil.rmtree(folder / str(node.namespace), ignore_errors=True)
                if folder.exists() and not any(folder.iterdir()):
                    folder.rmdir()

    @hook_impl
    def on_pipeline_error(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Say that nothing finished is lost."""
        if "params:checkpoints" in pipeline.inputs() and _checkpoints(catalog).exists():
            logger.warning("Finished seeds and checkpoints are kept: the same command continues from them.")


def _checkpoints(catalog: CatalogProtocol[Any, Any]) -> Path:
    value = catalog["params:checkpoints"].load()
    return Path(value["folder"] if isinstance(value, dict) else value.folder)
