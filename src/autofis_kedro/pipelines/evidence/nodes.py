"""Nodes of the evidence stage."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

import plotly.graph_objects as go
import polars as pl

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.data.value_names import ValueNames
from autofis_kedro.data.vocabulary import Vocabularies
from autofis_kedro.evidence import Columns, Evidence, EvidenceConfig, gather, read_columns
from autofis_kedro.evidence.tables import meanings, table_of_tests
from autofis_kedro.reporting.evidence_plots import gain_dots, joint_value_map
from autofis_kedro.reporting.evidence_table import evidence_table
from autofis_kedro.selection import Gates, Selection, by_evidence_and_gates, select
from autofis_kedro.training.progress import Steps

logger = logging.getLogger(__name__)


def examine(
    train_examples: Examples, schema: Schema, vocabularies: pl.DataFrame, config: EvidenceConfig
) -> tuple[pl.DataFrame, pl.DataFrame, Selection, dict[str, float]]:
    """The test of every interaction, the joint values of the confirmed ones, these as a selection, and the cost."""
    start = time.perf_counter()
    columns = read_columns(train_examples, schema, config.rows_to_read(schema.n_fields), config.seed)
    with Steps("evidence") as steps:
        evidence = gather(columns, config, steps.begin)
    for said in evidence.limits(train_examples.n_rows):
        logger.warning("evidence: %s", said)
    gain = evidence.together
    together = f", which save {gain.per_1000_rows:.3g} ± {gain.standard_error:.2g} nats per 1,000 rows together"
    logger.info("evidence: %d interactions confirmed%s", len(evidence.kept), together if evidence.kept else "")
    names = ValueNames(Vocabularies(vocabularies), schema, train_examples)
    joint = meanings(evidence, _namer(columns, names))
    return table_of_tests(evidence), joint, confirmed(evidence, schema), {"seconds": time.perf_counter() - start}


def _namer(columns: Columns, names: ValueNames) -> Callable[[int, Sequence[int]], list[str]]:
    """Names of values by their number in the columns."""

    def named(field: int, numbers: Sequence[int]) -> list[str]:
        rows = columns.firsts[field][list(numbers)]
        return names.at(field, (rows if columns.rows_N is None else columns.rows_N[rows]).tolist())

    return named


def confirmed(evidence: Evidence, schema: Schema) -> Selection:
    """The confirmed interactions as a selection, in the order in which they were found."""
    rule = f"evidence(alpha={evidence.config.alpha:g}, {evidence.config.correction})"
    looked_at = sum(choice.n_looked_at for choice in evidence.choices)
    return select(schema, evidence.kept, rule).model_copy(update={"candidates": looked_at})


def join_gates(schema: Schema, tested: pl.DataFrame, gates: pl.DataFrame, searched: Selection) -> Selection:
    """The confirmed interactions and those that only gates can judge."""
    return by_evidence_and_gates(schema, tested, Gates.from_frame(gates, schema), searched)


def tabulate(tested: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The evidence without a search, for the catalog and for spreadsheets."""
    table = evidence_table(tested)
    return table, table


def confirm(tested: pl.DataFrame, gates: pl.DataFrame, selection: Selection) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The evidence beside alpha and what the search kept, likewise."""
    table = evidence_table(tested, [gates], selection)
    return table, table


def draw(tested: pl.DataFrame, joint: pl.DataFrame) -> tuple[go.Figure, go.Figure]:
    """The gain of the interactions, and the joint values of the first confirmed one."""
    return gain_dots(tested), joint_value_map(joint)
