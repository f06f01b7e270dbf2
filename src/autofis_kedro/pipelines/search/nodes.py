"""Nodes of the search stage."""

import plotly.graph_objects as go
import polars as pl
from torch import Tensor

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.reporting.gate_plots import alpha_trajectories
from autofis_kedro.selection import Selection
from autofis_kedro.selection.gates import field_columns
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
    base: Selection | None = None,
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
        model.search_of(search),
        seed=seeds.seed,
        checkpoints=checkpoints,
        name=name,
        base=base,
    )
    return found.gates, found.trajectory, found.weights, found.history, found.cost


def draw_trajectories(
    trajectory: pl.DataFrame, gates: pl.DataFrame, planted: list[list[str]], *, name: str
) -> go.Figure:
    """Alpha over the search; planted ones by name where known, else those that end with the largest |alpha|."""
    fields = field_columns(gates)
    top = gates.sort("rank").select(fields).rows()
    known = [pair for pair in planted if len(pair) == len(fields)]
    return alpha_trajectories(trajectory, known or top[:8], top[:300], f"gates of {name} during the search")
