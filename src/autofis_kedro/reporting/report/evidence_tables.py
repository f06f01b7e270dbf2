"""The report's tables of evidence: how sure each interaction is, and which joint values it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from autofis_kedro.evidence.tables import CONFIRMED
from autofis_kedro.reporting.numbers import alpha, number, p_value
from autofis_kedro.reporting.report.contents import Contents
from autofis_kedro.reporting.report.html_tables import Cell, Head, HTMLTable, Row

JOINT_VALUES = 8
"""Of each confirmed interaction: those of the largest shrunken effects."""
AT_MOST = 200


def evidence_table(contents: Contents) -> HTMLTable:
    """Interactions that are confirmed, kept or proxies, and the best of the others."""
    heads = (
        Head("interaction", is_number=False),
        Head("verdict", "by joint values on the train rows, corrected for all that were looked at", is_number=False),
        Head("z", "the test's statistic in standard deviations; of a confirmed one beside all the others"),
        Head("p", "corrected for the number of interactions looked at"),
        Head("gain", "log loss saved on 1,000 rows that nothing was fitted on"),
        Head("± error", "standard error of the gain"),
        Head("alpha", "of the search: 0 where the gate is closed"),
        Head("kept", "by the search", is_number=False),
    )
    assert contents.evidence is not None
    rows = contents.evidence.head(AT_MOST).iter_rows(named=True)
    return HTMLTable("evidence", "What is known of every interaction", heads, tuple(map(_tested, rows)))


def _tested(row: Mapping[str, Any]) -> Row:
    is_confirmed = row["verdict"] == CONFIRMED
    cells = (
        Cell(row["interaction"], row["interaction"]),
        Cell(row["verdict"], row["verdict"], is_strong=is_confirmed),
        Cell(number(row["z"], 1), row["z"]),
        Cell(p_value(row["p_corrected"]), row["p_corrected"]),
        Cell(number(row["gain_per_1000_rows"], 3, signed=True), row["gain_per_1000_rows"]),
        Cell(number(row["gain_se"], 3), row["gain_se"]),
        Cell(alpha(row["alpha"]), row["alpha"]),
        Cell("yes" if row["kept"] else "", int(row["kept"])),
    )
    return Row(cells)


def joint_value_table(contents: Contents) -> HTMLTable:
    """Joint values that raise or lower the rate beyond what their fields say."""
    heads = (
        Head("interaction", is_number=False),
        Head("joint value", is_number=False),
        Head("odds", "times what the fields alone suggest"),
        Head("95 %", "interval of the unshrunk odds ratio"),
        Head("rows"),
        Head("positives"),
        Head("expected", "positives, by the fields alone"),
        Head("p", "corrected for the joint values of the interaction"),
    )
    assert contents.joint_values is not None
    first = contents.joint_values.group_by("interaction", maintain_order=True).head(JOINT_VALUES)
    return HTMLTable("joint-values", "What the confirmed interactions mean", heads, tuple(_joint_rows(first)))


def _joint_rows(joint: pl.DataFrame) -> list[Row]:
    rows = []
    for row in joint.iter_rows(named=True):
        value = ", ".join(f"{name}={held}" for name, held in zip(row["fields"], row["values"], strict=True))
        cells = (
            Cell(row["interaction"], row["interaction"]),
            Cell(value, value),
            Cell(number(row["odds_ratio"], 2), row["odds_ratio"]),
            Cell(f"{number(row['low'], 2)} to {number(row['high'], 2)}", row["low"]),
            Cell(f"{row['rows']:,}", row["rows"]),
            Cell(f"{row['positives']:,}", row["positives"]),
            Cell(number(row["expected"], 1), row["expected"]),
            Cell(p_value(row["p_corrected"]), row["p_corrected"]),
        )
        rows.append(Row(cells))
    return rows
