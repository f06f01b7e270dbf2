"""What the paper printed: the types of conf/base/published.yml, whose numbers nothing else repeats."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field as Bounded

from autofis_kedro.config import Frozen


class PublishedRow(Frozen):
    """One row of a table; None where the paper's table has no such column.

    Attributes:
        auc: on test rows.
        log_loss: likewise.
        kept: share of the pairs.
        kept_triples: share of the triples.
        seconds: of inference for 2 million rows, on a GPU.
        search_minutes: of a GPU.
        train_minutes: of a GPU.
        relative_improvement: of the AUC over FM's, as a share.
        is_significant: has the paper's star.
    """

    auc: float = Bounded(ge=0, le=1)
    log_loss: float = Bounded(ge=0)
    kept: float | None = Bounded(default=None, ge=0, le=1)
    kept_triples: float | None = Bounded(default=None, ge=0, le=1)
    seconds: float | None = Bounded(default=None, gt=0)
    search_minutes: float | None = Bounded(default=None, ge=0)
    train_minutes: float | None = Bounded(default=None, ge=0)
    relative_improvement: float | None = None
    is_significant: bool = False


class PublishedStatistics(Frozen):
    """One data set of Table 2.

    Attributes:
        instances: rows.
        dimension: ids over all fields.
        fields: number of fields.
        positive_ratio: share of rows with label 1.
    """

    instances: float = Bounded(gt=0)
    dimension: float = Bounded(gt=0)
    fields: int = Bounded(ge=1)
    positive_ratio: float = Bounded(ge=0, le=1)


class Published(Frozen):
    """Every published value.

    Attributes:
        data_sets: the paper's data set that stands beside one here.
        statistics: Table 2 by the paper's data set.
        tables: by table, the paper's data set, and row.
    """

    data_sets: Mapping[str, str]
    statistics: Mapping[str, PublishedStatistics]
    tables: Mapping[str, Mapping[str, Mapping[str, PublishedRow]]]

    def of(self, table: str, dataset: str) -> Mapping[str, PublishedRow]:
        """The rows of a table for a data set here; empty where the paper has none."""
        return self.tables.get(table, {}).get(self.data_sets.get(dataset, ""), {})

    def beside(self, dataset: str) -> str:
        """What a reader must know of the published columns beside a data set here."""
        theirs = self.data_sets[dataset]
        if theirs == dataset:
            return f"published: the paper's {theirs}, of which the rows here may be a sample"
        return f"published: the paper's {theirs} data set, which is other data: compare directions, not values"
