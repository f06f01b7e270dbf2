"""Tables, and the summary that a run ends with. rich prints because it fits a table to the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autofis_kedro.evaluation.significance import paired_t_test
from autofis_kedro.reporting.evidence_table import evidence_summary, evidence_terminal
from autofis_kedro.reporting.numbers import MINUS
from autofis_kedro.reporting.numbers import alpha as gate
from autofis_kedro.reporting.numbers import seconds as duration
from autofis_kedro.reporting.paper_table import PaperTable
from autofis_kedro.reporting.rows import ChosenModel, ModelMetrics, has_few_of_a_label
from autofis_kedro.reporting.written import plain
from autofis_kedro.roster import CONSTANT
from autofis_kedro.selection import Selection

SHOWN = 20


def comparison(models: Sequence[ModelMetrics], chosen: str | None, reference: str = "fm") -> pl.DataFrame:
    """One row per model: quality with its spread over seeds, interactions, cost, difference to the reference.

    ``difference`` is the mean test log loss minus the reference's, ``p`` that of the paired t-test over seeds, null
    with fewer than two seeds, without the reference, or with fewer than ``FEW`` test rows of a label: seeds that agree
    on a handful of rows say nothing about others.
    """
    by_name = {model.model: model for model in models}
    base = by_name.get(reference)
    return pl.DataFrame([_row(model, base, chosen) for model in models], infer_schema_length=None)


def _row(model: ModelMetrics, base: ModelMetrics | None, chosen: str | None) -> dict[str, object]:
    auc, loss = model.spread("test", "auc"), model.spread("test", "log_loss")
    losses = [metrics.log_loss for metrics in model.test]
    is_comparable = (
        base is not None and base is not model and len(base.test) == len(losses) and not has_few_of_a_label(model)
    )
    test = paired_t_test(losses, [m.log_loss for m in base.test]) if base is not None and is_comparable else None
    return {
        "model": model.model,
        "seeds": auc.n,
        "test_auc": auc.mean,
        "test_auc_std": auc.std,
        "test_log_loss": loss.mean,
        "test_log_loss_std": loss.std,
        "valid_auc": model.spread("valid", "auc").mean,
        "valid_log_loss": model.spread("valid", "log_loss").mean,
        "calibration": model.spread("test", "calibration").mean,
        "kept": model.kept,
        "candidates": model.candidates,
        "kept_triples": model.kept_triples,
        "candidate_triples": model.candidate_triples,
        "parameters": model.parameters,
        "flops_per_row": model.flops_per_row,
        "rows_per_second": model.rows_per_second,
        "search_seconds": model.search_seconds,
        "train_seconds": model.train_seconds,
        "difference": loss.mean - base.spread("test", "log_loss").mean if base is not None else None,
        "p": test.p if test is not None else None,
        "chosen": model.model == chosen,
    }


def kept_interactions(selection: Selection) -> pl.DataFrame:
    """Rank, fields and alpha of the kept interactions, most important first."""
    kept = selection.interactions
    return pl.DataFrame(
        {
            "rank": range(1, len(kept) + 1),
            "interaction": [" × ".join(interaction.fields) for interaction in kept],
            "alpha": [interaction.alpha for interaction in kept],
        },
        schema={"rank": pl.Int32, "interaction": pl.String, "alpha": pl.Float64},
    )


def render(
    console: Console,
    compared: pl.DataFrame | None,
    selections: Mapping[str, Selection],
    place: str,
    chosen: ChosenModel | None = None,
    tables: Sequence[PaperTable] = (),
    evidence: pl.DataFrame | None = None,
) -> None:
    """Print what a user came for: models compared, the choice, interactions kept, and where the artifacts are."""
    if compared is not None:
        seeds = compared["seeds"].to_list()
        console.print(
            f"\n[bold]Models compared[/bold] on the test rows, seeds: {max(seeds)}; ➜ chosen on validation rows"
        )
        console.print(comparison_table(compared))
    if chosen is not None:
        console.print(Text.assemble("Chosen: ", plain(chosen.model, "bold"), f". {chosen.why}"))
    for name, selection in selections.items():
        kept = f" keeps {len(selection.interactions)} of {selection.candidates} interactions"
        console.print(Text.assemble("\n", plain(name, "bold"), kept, plain(f" ({selection.rule})")))
        console.print(selection_table(selection))
        for note in selection.notes:
            console.print(plain(f"Note: {note}."))
    if evidence is not None:
        console.print("\n[bold]Evidence[/bold]: what joint values say, on the train rows; gain on rows left out")
        console.print(evidence_terminal(evidence))
        for sentence in evidence_summary(evidence):
            console.print(plain(sentence), soft_wrap=True)
    for table in tables:
        console.print(table.terminal(console.width))
    console.print(Text.assemble("Artifacts: ", (place, "bold"), "   (look at them with: kedro viz run)"))


def comparison_table(compared: pl.DataFrame) -> Table:
    """The comparison for a terminal of 100 columns."""
    table = Table()
    for name, justify in (("", "left"), ("model", "left")):
        table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for name in ("AUC", "log loss", "vs fm", "kept", "rows/s", "search + train"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in compared.iter_rows(named=True):
        table.add_row(*_cells(row), style="bold green" if row["chosen"] else None)
    return table


def _cells(row: Mapping[str, object]) -> list[str]:
    def with_std(name: str) -> str:
        std = row[f"{name}_std"]
        return f"{row[name]:.4f}" + ("" if std is None else f" ±{std:.4f}")

    difference = (
        "" if row["difference"] is None or row["model"] == "fm" else f"{row['difference']:+.4f}" + stars(row["p"])
    )
    return [
        "➜" if row["chosen"] else "",
        str(row["model"]),
        with_std("test_auc"),
        with_std("test_log_loss"),
        difference,
        kept_of(row),
        *_costs(row),
    ]


def _costs(row: Mapping[str, object]) -> list[str]:
    if row["model"] == CONSTANT:
        return ["", ""]
    return [
        f"{row['rows_per_second']:,.0f}",
        f"{duration(float(str(row['search_seconds'])))} + {duration(float(str(row['train_seconds'])))}",
    ]


def kept_of(row: Mapping[str, object]) -> str:
    """Pairs and triples that a row of ``comparison`` keeps, in words."""
    orders = (("kept", "candidates"), ("kept_triples", "candidate_triples"))
    return " + ".join(f"{row[kept]} of {row[candidates]}" for kept, candidates in orders if row.get(candidates))


def stars(p: object) -> str:
    """``*`` where p < 0.005, as in the paper."""
    return "*" if isinstance(p, float) and p < 0.005 else ""


def selection_table(selection: Selection) -> Table:
    """The kept interactions with alpha; the first 20."""
    kept = kept_interactions(selection)
    table = Table()
    table.add_column("", justify="right")
    table.add_column("interaction", no_wrap=True)
    table.add_column("alpha", justify="right")
    for rank, interaction, alpha in kept.head(SHOWN).iter_rows():
        table.add_row(str(rank), plain(interaction), gate(alpha).replace(MINUS, "-"))
    if len(kept) > SHOWN:
        table.add_row("", f"... and {len(kept) - SHOWN} more", "")
    return table
