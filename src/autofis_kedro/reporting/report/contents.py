"""What the report is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from autofis_kedro.data.statistics import DatasetStatistics
from autofis_kedro.reporting.paper_table import PaperTable
from autofis_kedro.reporting.rows import ChosenModel
from autofis_kedro.reporting.run_facts import RunFacts
from autofis_kedro.selection import Selection

TIMES = " × "


@dataclass(frozen=True)
class SearchedModel:
    """A search and what it kept.

    Attributes:
        name: the namespace: ``autofm``.
        selection: of pairs.
        gates: every pair with alpha and rank (``Gates.frame``).
        trajectory: step, field_1, field_2, alpha.
        search_seconds: of the search.
        extraction_seconds: of the gate extraction.
    """

    name: str
    selection: Selection
    gates: pl.DataFrame
    trajectory: pl.DataFrame
    search_seconds: float
    extraction_seconds: float


@dataclass(frozen=True)
class Contents:
    """Everything that the page shows.

    Attributes:
        statistics: of the data set.
        compared: one row per model (``tables.comparison``).
        chosen: the model to use.
        searched: the searches, the one shown first in front.
        histories: of every trained model (``seeds.history_frame``), by name.
        statistics_auc: field_1, field_2, statistics_auc, rank, on the validation rows.
        size_curves: accuracy against size (``training.size_curve``).
        facts: of the run.
        planted: interactions that are known to matter; none with real data.
        frequency: interaction, share: how many of several searches kept it; None where nobody looked.
        paper_tables: tables of the paper, for the appendix.
        evidence: what is known of every interaction (``evidence_table.evidence_table``); None where nobody tested.
        joint_values: of the confirmed ones (``evidence.tables.meanings``); likewise.
    """

    statistics: DatasetStatistics
    compared: pl.DataFrame
    chosen: ChosenModel
    searched: tuple[SearchedModel, ...]
    histories: Mapping[str, pl.DataFrame]
    statistics_auc: pl.DataFrame
    size_curves: pl.DataFrame
    facts: RunFacts
    planted: Sequence[Sequence[str]] = ()
    frequency: pl.DataFrame | None = None
    paper_tables: Sequence[PaperTable] = ()
    evidence: pl.DataFrame | None = None
    joint_values: pl.DataFrame | None = None

    def shares(self) -> dict[tuple[str, ...], float] | None:
        """Selection frequency of every pair; 0 for those that no search kept."""
        if self.frequency is None:
            return None
        found = dict(self.frequency.select("interaction", "share").iter_rows())
        pairs = self.statistics_auc.select("field_1", "field_2").rows()
        return {pair: float(found.get(TIMES.join(pair), 0.0)) for pair in pairs}

    def row_of(self, model: str) -> dict[str, object] | None:
        """The comparison's row of a model; None if it was not trained."""
        found = [row for row in self.compared.iter_rows(named=True) if row["model"] == model]
        return found[0] if found else None
