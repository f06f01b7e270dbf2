"""Nodes of the stability stage: search several times, compare, draw."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go
import polars as pl

from autofis_kedro.analysis import StabilityConfig, alpha_correlation, selection_frequency, selection_overlap
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.reporting.paper_table import PaperTable
from autofis_kedro.reporting.stability_plots import frequency_heatmap, stability_correlations
from autofis_kedro.reporting.stability_table import stability_table
from autofis_kedro.roster import STABILITY
from autofis_kedro.training import (
    CheckpointConfig,
    ExtractionConfig,
    ModelConfig,
    SearchConfig,
    SeedsConfig,
    TrainingConfig,
)
from autofis_kedro.training.searches import Searches

WITH, WITHOUT = "with batch norm", "without batch norm"


def search(
    train_examples: Examples,
    valid_examples: Examples,
    schema: Schema,
    model: ModelConfig,
    training: TrainingConfig,
    search: SearchConfig,
    extraction: ExtractionConfig,
    seeds: SeedsConfig,
    checkpoints: CheckpointConfig,
    stability: StabilityConfig,
    *,
    name: str,
) -> pl.DataFrame:
    """Gates of every search, and what it keeps."""
    searches = Searches(
        train=train_examples,
        valid=valid_examples,
        schema=schema,
        spec=model.spec,
        training=model.training_of(training),
        search=model.search_of(search).model_copy(update={"normalize": STABILITY[name]}),
        extraction=extraction,
        name=name,
        checkpoints=checkpoints,
    )
    return searches.run(stability.n_searches, seeds.seed)


def compare(
    normalized: pl.DataFrame, plain: pl.DataFrame, schema: Schema, stability: StabilityConfig
) -> tuple[pl.DataFrame, PaperTable, pl.DataFrame]:
    """All gates, the table beside the published values, and how often the searches with batch norm kept a pair."""
    fields = ("seed", "field_1", "field_2", "alpha", "rank", "kept")
    variants = {WITH: normalized, WITHOUT: plain}
    gates = pl.concat([found.select(pl.lit(name).alias("variant"), *fields) for name, found in variants.items()])
    published = stability.published
    table = stability_table(
        gates,
        _agreements(gates),
        {WITH: published.with_batch_norm, WITHOUT: published.without_batch_norm},
        dataset=schema.dataset,
        published_dataset=published.dataset,
    )
    return gates, table, selection_frequency(normalized.partition_by("seed"))


def draw(gates: pl.DataFrame, planted: list[list[str]]) -> tuple[go.Figure, go.Figure]:
    """Correlations across seeds, and the share of the searches with batch norm that kept a pair."""
    frequencies = frequency_heatmap(gates.filter(variant=WITH), planted, f"searches {WITH}")
    return stability_correlations(gates, _agreements(gates)), frequencies


def _agreements(gates: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
    found = {}
    for (variant,), part in gates.group_by("variant", maintain_order=True):
        searches = part.partition_by("seed")
        found[str(variant)] = alpha_correlation(searches).join(selection_overlap(searches), on=["first", "second"])
    return found
