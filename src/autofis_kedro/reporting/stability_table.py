"""Searches that differ in their seed, as a table (paper sec. 4.7.1)."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from autofis_kedro.reporting.paper_table import Column, PaperTable, Value
from autofis_kedro.reporting.style import need_columns


def stability_table(
    gates: pl.DataFrame,
    agreements: Mapping[str, pl.DataFrame],
    published: Mapping[str, float],
    *,
    dataset: str,
    published_dataset: str,
) -> PaperTable:
    """One row per variant: Pearson correlation of alpha across seeds, and of what is kept how much is the same.

    Args:
        gates: variant, seed, kept of every pair in every search.
        agreements: by variant, for every two searches: correlation, overlap, overlap_by_chance.
        published: the paper's mean correlation by variant.
        dataset: that was searched.
        published_dataset: the paper's.
    """
    need_columns(gates, "variant", "seed", "kept")
    rows = [
        _row(variant, gates.filter(variant=variant), found) | {"published": published.get(variant)}
        for variant, found in agreements.items()
    ]
    return PaperTable(
        name="stability",
        title=f"Stability of alpha across seeds (sec. 4.7.1): {dataset}",
        columns=(
            Column(key="variant", title="search"),
            Column(key="n_searches", title="searches"),
            Column(key="mean", title="mean", group="Pearson", digits=3),
            Column(key="min", title="min", group="Pearson", digits=3),
            Column(key="max", title="max", group="Pearson", digits=3),
            Column(key="published", title=published_dataset, group="published", digits=2),
            Column(key="kept", title="mean", group="kept", digits=1),
            Column(key="candidates", title="of", group="kept"),
            Column(key="overlap", title="mean", group="Jaccard", digits=2),
            Column(key="overlap_by_chance", title="by chance", group="Jaccard", digits=2),
        ),
        rows=tuple(rows),
        notes=(
            "of every two searches that differ in their seed alone; closed gates count as alpha 0",
            "Jaccard: pairs that both searches keep, as a share of those that either keeps; by chance: of two random "
            "selections as large",
        ),
    )


def _row(variant: str, gates: pl.DataFrame, agreement: pl.DataFrame) -> dict[str, Value]:
    correlations = agreement["correlation"].drop_nulls()
    by_search = gates.group_by("seed").agg(pl.col("kept").sum(), pl.len().alias("candidates"))
    found = {
        "mean": correlations.mean(),
        "min": correlations.min(),
        "max": correlations.max(),
        "kept": by_search["kept"].mean(),
        "overlap": agreement["overlap"].mean(),
        "overlap_by_chance": agreement["overlap_by_chance"].mean(),
    }
    numbers = {key: float(value) if isinstance(value, int | float) else None for key, value in found.items()}
    return {"variant": variant, "n_searches": len(by_search), "candidates": by_search["candidates"][0]} | numbers
