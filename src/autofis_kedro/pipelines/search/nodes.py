"""Nodes of the search stage."""

import plotly.graph_objects as go
import polars as pl
from torch import Tensor

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.reporting.plots import alpha_trajectories
from autofis_kedro.training import (
    CheckpointConfig,
    ModelConfig,
    SearchConfig,
    SeedsConfig,
    TrainingConfig,
    search_gates,
)


def search(
    train_examples: Examples,
    valid_examples: Examples,
    schema: Schema,
    model: ModelConfig,
    training: TrainingConfig,
    search: SearchConfig,
    seeds: SeedsConfig,
    checkpoints: CheckpointConfig,
    *,
    name: str,
) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, Tensor], pl.DataFrame, dict[str, float]]:
    """Gates, their trajectory, the search model's weights, its history and cost."""
    found = search_gates(
        train_examples,
        valid_examples,
        schema,
        model.spec,
        model.training_of(training),
        search,
        seed=seeds.seed,
        checkpoints=checkpoints,
        name=name,
    )
    return found.gates, found.trajectory, found.weights, found.history, found.cost


def draw_trajectories(
    trajectory: pl.DataFrame, gates: pl.DataFrame, planted: list[list[str]], *, name: str
) -> go.Figure:
    """Alpha over the search; planted pairs by name where known, else those that end with the largest |alpha|."""
    top = gates.sort("rank").head(8).select("field_1", "field_2").rows()
    return alpha_trajectories(trajectory, planted or top, f"gates of {name} during the search")
