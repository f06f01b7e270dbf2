"""Nodes of the report."""

import sys
from collections.abc import Mapping
from typing import Any

import polars as pl

from autofis_kedro.data.schema import Schema
from autofis_kedro.data.splitting import SplitReport
from autofis_kedro.data.statistics import DatasetStatistics
from autofis_kedro.reporting.report import Contents, SearchedModel, render_page
from autofis_kedro.reporting.rows import ChosenModel
from autofis_kedro.reporting.run_facts import RunFacts, gather_facts
from autofis_kedro.roster import searched_by
from autofis_kedro.trained_models import EarlierResults

HISTORY, GATES, TRAJECTORY, SELECTION = "history_of_", "gates_of_", "trajectory_of_", "selection_of_"
SEARCH_COST, EXTRACTION_COST = "search_cost_of_", "extraction_cost_of_"


def gather(parameters: dict[str, Any], schema: Schema, split: SplitReport) -> RunFacts:
    """What this run is: versions, commit, parameters, data."""
    return gather_facts(parameters, schema, split.rows, sys.argv)


def write(
    statistics: DatasetStatistics,
    compared: pl.DataFrame,
    chosen: ChosenModel,
    statistics_auc: pl.DataFrame,
    size_curves: pl.DataFrame,
    facts: RunFacts,
    planted: list[list[str]],
    earlier: EarlierResults,
    evidence: pl.DataFrame,
    joint_values: pl.DataFrame,
    **of_models: Any,
) -> str:
    """The page; ``of_models`` are histories, gates, selections and costs by what they are and whose."""
    contents = Contents(
        statistics=statistics,
        compared=compared,
        chosen=chosen,
        searched=_searched(of_models, chosen.model),
        histories=_of(HISTORY, of_models),
        statistics_auc=statistics_auc,
        size_curves=size_curves,
        facts=facts,
        planted=planted,
        frequency=earlier.table("selection_frequency"),
        paper_tables=earlier.paper_tables(),
        evidence=evidence,
        joint_values=joint_values,
    )
    return render_page(contents)


def _searched(of_models: Mapping[str, Any], chosen: str) -> tuple[SearchedModel, ...]:
    """All searches, that of the chosen model first."""
    found = [
        SearchedModel(
            name=name,
            selection=selection,
            gates=of_models[GATES + name],
            trajectory=of_models[TRAJECTORY + name],
            search_seconds=of_models[SEARCH_COST + name]["seconds"],
            extraction_seconds=of_models[EXTRACTION_COST + name]["seconds"],
        )
        for name, selection in _of(SELECTION, of_models).items()
    ]
    first = searched_by(chosen) or chosen.removesuffix("_searched")
    return tuple(sorted(found, key=lambda searched: searched.name != first))


def _of(prefix: str, of_models: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs of one kind by model."""
    return {key.removeprefix(prefix): value for key, value in of_models.items() if key.startswith(prefix)}
