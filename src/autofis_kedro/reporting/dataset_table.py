"""Table 2: the data set here beside the paper's."""

from __future__ import annotations

from autofis_kedro.data.statistics import DatasetStatistics
from autofis_kedro.reporting.paper_table import Column, PaperTable, Value
from autofis_kedro.reporting.published import Published, PublishedStatistics


def dataset_table(statistics: DatasetStatistics, published: Published) -> PaperTable:
    """Rows of the whole data set, its splits, and the paper's data sets."""
    here: dict[str, Value] = {
        "dataset": f"{statistics.dataset} (here)",
        "instances": statistics.instances,
        "dimension": statistics.dimension,
        "fields": statistics.n_fields,
        "positive_ratio": statistics.positive_ratio,
    }
    splits: list[dict[str, Value]] = [
        {"dataset": f"  {name} rows", "instances": split.instances, "positive_ratio": split.positive_ratio}
        for name, split in statistics.splits.items()
    ]
    papers = [_published(name, found) for name, found in published.statistics.items()]
    note = (
        published.beside(statistics.dataset)
        if statistics.dataset in published.data_sets
        else f"the paper has no data set '{statistics.dataset}': its own three stand below"
    )
    return PaperTable(
        name="table2",
        title=f"Table 2: statistics of the data set ({statistics.dataset})",
        columns=(
            Column(key="dataset", title="data set"),
            Column(key="instances", title="#instances", has_thousands=True),
            Column(key="dimension", title="#dimension", has_thousands=True),
            Column(key="fields", title="#fields"),
            Column(key="positive_ratio", title="pos ratio", digits=2),
        ),
        rows=(here, *splits, *papers),
        notes=(note, "#dimension: ids over all fields, after values rarer than min_count have become one"),
    )


def _published(name: str, found: PublishedStatistics) -> dict[str, Value]:
    return {
        "dataset": f"{name} (published)",
        "instances": int(found.instances),
        "dimension": int(found.dimension),
        "fields": found.fields,
        "positive_ratio": found.positive_ratio,
    }
