"""Nodes of the gate extraction stage."""

import time

import plotly.graph_objects as go
import polars as pl
from torch import Tensor

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.reporting.gate_plots import alpha_bars, alpha_heatmap, extraction_curve
from autofis_kedro.reporting.tables import kept_interactions
from autofis_kedro.selection import Selection
from autofis_kedro.training import (
    ExtractionConfig,
    ModelConfig,
    SearchConfig,
    SeedsConfig,
    TrainingConfig,
    extract_selection,
)
from autofis_kedro.training.search import search_training


def extract(
    gates: pl.DataFrame,
    search_weights: dict[str, Tensor],
    train_examples: Examples,
    valid_examples: Examples,
    schema: Schema,
    model: ModelConfig,
    training: TrainingConfig,
    search: SearchConfig,
    extraction: ExtractionConfig,
    seeds: SeedsConfig,
    search_cost: dict[str, float],
    base: Selection | None = None,
) -> tuple[Selection, pl.DataFrame, dict[str, float]]:
    """The selection, the same as a table, and what it cost."""
    start = time.perf_counter()
    tuning = search_training(model.training_of(training), model.search_of(search))
    selection = extract_selection(
        gates,
        search_weights,
        train_examples,
        valid_examples,
        schema,
        model.spec,
        tuning,
        extraction,
        seed=seeds.seed,
        base=base,
        steps=int(search_cost.get("steps", 0)) or None,  # searches of an earlier release did not tell
    )
    return selection, kept_interactions(selection), {"seconds": time.perf_counter() - start}


def draw_gates(gates: pl.DataFrame, selection: Selection, planted: list[list[str]]) -> tuple[go.Figure, go.Figure]:
    """The heat map of alpha, and accuracy against size."""
    return alpha_heatmap(gates, selection, planted), extraction_curve(selection)


def draw_triples(gates: pl.DataFrame, selection: Selection, planted: list[list[str]]) -> tuple[go.Figure, go.Figure]:
    """Bars of the largest |alpha|, and accuracy against size."""
    return alpha_bars(gates, selection, planted), extraction_curve(selection)
