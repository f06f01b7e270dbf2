"""The evidence beside the search: what is kept, how sure that is, and what one could not see."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from rich.table import Table

from autofis_kedro.evidence.tables import CANNOT_BE_JUDGED, CONFIRMED
from autofis_kedro.reporting.numbers import alpha, p_value
from autofis_kedro.reporting.written import plain
from autofis_kedro.selection import Selection
from autofis_kedro.selection.gates import field_columns

COLUMNS = (
    "interaction",
    "order",
    "z",
    "p",
    "p_corrected",
    "gain_per_1000_rows",
    "gain_se",
    "alpha",
    "verdict",
    "kept",
    "share_alone",
    "smallest_effect",
)
SHOWN = 20


def evidence_table(
    tests: pl.DataFrame, gates: Sequence[pl.DataFrame] = (), selection: Selection | None = None
) -> pl.DataFrame:
    """Every interaction looked at, one row each: the columns ``COLUMNS``.

    Args:
        tests: ``evidence.tables.table_of_tests``.
        gates: of searches over the same fields, with their alpha (0: closed).
        selection: what a search kept; ``kept`` are the confirmed ones without.
    """
    key = pl.col("fields").list.sort().alias("key")
    alphas = [table.select(pl.concat_list(field_columns(table)).list.sort().alias("key"), "alpha") for table in gates]
    alpha_of = pl.concat([pl.DataFrame(schema={"key": pl.List(pl.String), "alpha": pl.Float64}), *alphas])
    joined = tests.with_columns(key).join(alpha_of, on="key", how="left", maintain_order="left")
    if selection is None:
        kept = pl.col("verdict") == CONFIRMED
    else:
        names = pl.Series([sorted(found.fields) for found in selection.interactions], dtype=pl.List(pl.String))
        kept = pl.col("key").is_in(names.implode())
    return joined.with_columns(kept.alias("kept")).select(COLUMNS)


def evidence_summary(evidence: pl.DataFrame) -> list[str]:
    """What a user should know, a sentence each."""
    counts = evidence.filter("kept")["verdict"]
    n_kept, confirmed = len(counts), int((counts == CONFIRMED).sum())
    proxies = int(counts.str.starts_with("proxy of").sum())
    unjudged = int((counts == CANNOT_BE_JUDGED).sum())
    said = [
        f"{n_kept} interactions kept: {confirmed} confirmed by joint values, {proxies} proxies of others, "
        f"{unjudged} that joint values cannot judge, {n_kept - confirmed - proxies - unjudged} not confirmed."
    ]
    missed = evidence.filter((pl.col("verdict") == CONFIRMED) & ~pl.col("kept"))["interaction"].to_list()
    if missed:
        said.append(f"Confirmed and not kept: {', '.join(missed[:SHOWN])}.")
    seen = evidence.filter(pl.col("order") == 2)["smallest_effect"].drop_nulls()
    if len(seen):
        median = float(str(seen.median()))
        said.append(
            f"With these rows a pair whose joint values move the logit by less than {median:.2g} (standard "
            "deviation; of half the pairs) is confirmed in fewer than 8 of 10 logs."
        )
    return said


def evidence_terminal(evidence: pl.DataFrame) -> Table:
    """The kept and the confirmed interactions for a terminal; the first 20."""
    table = Table()
    table.add_column("interaction")
    for name in ("z", "p (corrected)", "gain / 1,000 rows", "alpha"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict")
    shown = evidence.filter(pl.col("kept") | (pl.col("verdict") == CONFIRMED))
    for row in shown.head(SHOWN).iter_rows(named=True):
        table.add_row(
            plain(row["interaction"], "bold" if row["kept"] else ""),
            f"{row['z']:.1f}",
            p_value(row["p_corrected"]),
            "" if row["gain_se"] is None else f"{row['gain_per_1000_rows']:+.3f} ±{row['gain_se']:.3f}",
            alpha(row["alpha"]),
            plain(row["verdict"], "green" if row["verdict"] == CONFIRMED else "yellow"),
        )
    if len(shown) > SHOWN:
        table.add_row(f"... and {len(shown) - SHOWN} more", *[""] * 5)
    return table
