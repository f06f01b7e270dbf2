"""The report's tables as cells with what they are sorted by; the template only lays them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autofis_kedro.reporting.numbers import alpha, number, p_value, percent, seconds, spread
from autofis_kedro.reporting.paper_table import PaperTable
from autofis_kedro.reporting.report.contents import TIMES, Contents, SearchedModel
from autofis_kedro.reporting.tables import kept_of, stars
from autofis_kedro.roster import CONSTANT, searched_by


@dataclass(frozen=True)
class Cell:
    """What is printed, what the column is sorted by, and whether it stands out."""

    text: str
    value: float | str | None = None
    is_strong: bool = False


@dataclass(frozen=True)
class Head:
    """A column: its heading, what it means, whether it holds numbers."""

    title: str
    note: str = ""
    is_number: bool = True


@dataclass(frozen=True)
class Row:
    """Cells; the first heads the row. ``fields`` is what a search looks at."""

    cells: tuple[Cell, ...]
    is_chosen: bool = False
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class HTMLTable:
    """A table with a name for links and scripts."""

    name: str
    caption: str
    heads: tuple[Head, ...]
    rows: tuple[Row, ...]
    is_sortable: bool = True
    is_narrow: bool = False


def comparison_table(contents: Contents) -> HTMLTable:
    """Every model, best test log loss first."""
    heads = (
        Head("model", is_number=False),
        Head("test AUC", "mean ± standard deviation over seeds"),
        Head("test log loss", "mean ± standard deviation over seeds"),
        Head("vs FM", "test log loss minus FM's; * where p < 0.005"),
        Head("p", "paired t-test over seeds"),
        Head("valid log loss", "the choice is made by it"),
        Head("calibration", "mean prediction / mean label on the test rows"),
        Head("kept", "interactions in the model, of how many"),
    )
    rows = contents.compared.sort("test_log_loss").iter_rows(named=True)
    return HTMLTable("comparison", "Every model on the test rows", heads, tuple(map(_compared, rows)))


def _compared(row: Mapping[str, Any]) -> Row:
    is_reference = row["difference"] is None or row["difference"] == 0
    difference = "" if is_reference else number(row["difference"], signed=True) + stars(row["p"])
    kept = row["kept"] + row["kept_triples"]
    cells = (
        Cell(row["model"], row["model"]),
        Cell(spread(row["test_auc"], row["test_auc_std"]), row["test_auc"]),
        Cell(spread(row["test_log_loss"], row["test_log_loss_std"]), row["test_log_loss"]),
        Cell(difference, row["difference"]),
        Cell(p_value(row["p"]), row["p"]),
        Cell(number(row["valid_log_loss"]), row["valid_log_loss"]),
        Cell(number(row["calibration"], 3), row["calibration"]),
        Cell(kept_of(row), kept),
    )
    return Row(cells, is_chosen=bool(row["chosen"]))


def cost_table(contents: Contents) -> HTMLTable:
    """What every model cost to find and costs to use."""
    heads = (
        Head("model", is_number=False),
        Head("search", "seconds, once for all variants"),
        Head("extraction", "seconds, once for all variants"),
        Head("training", "seconds of one seed"),
        Head("rows/s", "of training, evaluation not counted"),
        Head("parameters"),
        Head("operations/row", "floating point operations of one prediction"),
    )
    searches = {searched.name: searched for searched in contents.searched}
    rows = [_cost(row, searches) for row in contents.compared.iter_rows(named=True) if row["model"] != CONSTANT]
    return HTMLTable("costs", "What every model costs", heads, tuple(rows))


def _cost(row: Mapping[str, Any], searches: Mapping[str, SearchedModel]) -> Row:
    name = str(row["model"])
    is_search = name.endswith("_searched")
    searched = searches.get(name.removesuffix("_searched") if is_search else searched_by(name) or "")
    spent = (searched.search_seconds, None if is_search else searched.extraction_seconds) if searched else (None, None)
    trained = None if is_search else row["train_seconds"]
    cells = (
        Cell(name, name),
        *[Cell(seconds(value), value) for value in (*spent, trained)],
        Cell(number(row["rows_per_second"], 0), row["rows_per_second"]),
        Cell(number(row["parameters"], 0), row["parameters"]),
        Cell(number(row["flops_per_row"], 0), row["flops_per_row"]),
    )
    return Row(cells, is_chosen=bool(row["chosen"]))


def kept_table(searched: SearchedModel, contents: Contents) -> HTMLTable:
    """The kept pairs, most important first."""
    shares = contents.shares()
    planted = {tuple(fields) for fields in contents.planted}
    heads = [
        Head("interaction", is_number=False),
        Head("rank", "by |alpha|"),
        Head("alpha", "at the end of the search"),
        Head("statistics_AUC", "AUC of the joint value's click rate alone, on the validation rows"),
        Head("its rank", "by statistics_AUC, among all pairs"),
    ]
    heads += [Head("selection frequency", "share of repeated searches that kept it")] if shares is not None else []
    rows = []
    for kept in kept_rows(searched, contents):
        fields = (kept["field_1"], kept["field_2"])
        cells = [
            Cell(TIMES.join(fields) + (" ★" if fields in planted else ""), TIMES.join(fields)),
            Cell(str(kept["rank"]), kept["rank"]),
            Cell(alpha(kept["alpha"]), kept["alpha"]),
            Cell(number(kept["statistics_auc"]), kept["statistics_auc"]),
            Cell(number(kept["statistics_auc_rank"], 0), kept["statistics_auc_rank"]),
        ]
        cells += [Cell(percent(kept["share"], 0), kept["share"])] if shares is not None else []
        rows.append(Row(tuple(cells), fields=fields))
    caption = f"Pairs that {searched.name} keeps"
    return HTMLTable(f"kept-{searched.name}", caption, tuple(heads), tuple(rows))


def kept_rows(searched: SearchedModel, contents: Contents) -> list[dict[str, Any]]:
    """Rank, fields, alpha, statistics_AUC with its rank and, where known, the selection frequency of each kept pair."""
    columns = contents.statistics_auc.select("field_1", "field_2", "statistics_auc", "rank").iter_rows()
    statistics = {(first, second): (auc, rank) for first, second, auc, rank in columns}
    shares = contents.shares()
    pairs = [interaction for interaction in searched.selection.interactions if len(interaction.fields) == 2]
    rows = []
    for rank, kept in enumerate(pairs, 1):
        first, second = kept.fields
        auc, auc_rank = statistics.get((first, second), (None, None))
        row = {"rank": rank, "field_1": first, "field_2": second, "alpha": kept.alpha}
        row |= {"statistics_auc": auc, "statistics_auc_rank": auc_rank}
        rows.append(row | ({"share": shares.get(kept.fields)} if shares is not None else {}))
    return rows


def field_table(contents: Contents) -> HTMLTable:
    """Every field of the data set."""
    splits = [split for split in contents.statistics.splits if split != "train"]
    heads = (
        Head("field", is_number=False),
        Head("kind", is_number=False),
        Head("values", "distinct values in the train rows"),
        Head("ids", "rows of the embedding table, the special ones included"),
        Head("rare", "share of train rows whose value is rare: all under one id"),
        Head("missing", "share of train rows without a value"),
        *[Head(f"unseen, {split}", f"share of {split} rows whose value no train row has") for split in splits],
    )
    rows = []
    for field in contents.statistics.fields:
        shares = [field.rare_share, field.missing_share, *[field.unseen_share.get(split) for split in splits]]
        cells = (
            Cell(field.name, field.name),
            Cell(field.kind.replace("_", "-"), field.kind),
            Cell(number(field.distinct, 0), field.distinct),
            Cell(number(field.ids, 0), field.ids),
            *[Cell(percent(share), share) for share in shares],
        )
        rows.append(Row(cells))
    return HTMLTable("fields", "Every field", heads, tuple(rows))


def split_table(contents: Contents) -> HTMLTable:
    """Rows and positive share of every split."""
    found = contents.statistics
    splits = [*found.splits.items()]
    rows = [(name, split.instances, split.positive_ratio) for name, split in splits]
    rows.append(("all", found.instances, found.positive_ratio))
    heads = (Head("split", is_number=False), Head("rows"), Head("positive share"))
    cells = [Row((Cell(name), Cell(number(n, 0)), Cell(percent(share, 2)))) for name, n, share in rows]
    return HTMLTable("splits", "Rows of every split", heads, tuple(cells), is_sortable=False, is_narrow=True)


def size_table(contents: Contents) -> HTMLTable:
    """The size curves as numbers."""
    heads = (
        Head("pairs kept"),
        Head("ranking", is_number=False),
        Head("valid log loss"),
        Head("test log loss"),
        Head("test AUC"),
    )
    rows = []
    for row in contents.size_curves.sort("size", maintain_order=True).iter_rows(named=True):
        found = [Cell(spread(row[n], row[f"{n}_std"]), row[n]) for n in ("valid_log_loss", "test_log_loss", "test_auc")]
        rows.append(Row((Cell(number(row["size"], 0), row["size"]), Cell(row["ranking"], row["ranking"]), *found)))
    return HTMLTable("sizes", "Accuracy against size", heads, tuple(rows))


def paper_table(table: PaperTable) -> HTMLTable:
    """A table of the paper as it was printed."""
    best = table.best()
    is_text = [any(isinstance(row.get(column.key), str) for row in table.rows) for column in table.columns]
    heads = tuple(Head(title, is_number=not text) for title, text in zip(table.titles(), is_text, strict=True))
    rows = tuple(
        Row(tuple(Cell(text, is_strong=(i, at) in best) for at, text in enumerate(row)))
        for i, row in enumerate(table.cells())
    )
    return HTMLTable(table.name, table.title, heads, rows, is_sortable=False)
