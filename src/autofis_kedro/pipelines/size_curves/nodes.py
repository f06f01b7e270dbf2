"""Nodes of the size curves."""

import plotly.graph_objects as go
import polars as pl

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.reporting.rows import ModelMetrics
from autofis_kedro.reporting.size_plots import size_curves_figure
from autofis_kedro.selection import Selection
from autofis_kedro.training import CheckpointConfig, ModelConfig, SeedsConfig, TrainingConfig
from autofis_kedro.training.size_curve import SizeCurvesConfig, curve_sizes, rankings, train_size_curves


def train(
    train_examples: Examples,
    valid_examples: Examples,
    test_examples: Examples,
    schema: Schema,
    gates: pl.DataFrame,
    ranked: pl.DataFrame,
    searched: Selection,
    curves: SizeCurvesConfig,
    model: ModelConfig,
    training: TrainingConfig,
    seeds: SeedsConfig,
    checkpoints: CheckpointConfig,
) -> pl.DataFrame:
    """Quality of every size of every ranking."""
    examples = (train_examples, valid_examples, test_examples)
    in_order = rankings(gates, ranked, schema)
    sizes = curve_sizes(len(in_order.all_pairs), curves.n_sizes, searched.count(2))
    given = (*examples, schema, in_order, model.spec, model.training_of(training))
    return train_size_curves(*given, sizes=sizes, seeds=seeds, checkpoints=checkpoints)


def draw(curves: pl.DataFrame, fm: ModelMetrics, searched: Selection) -> go.Figure:
    """The curves beside FM over all pairs."""
    return size_curves_figure(curves, fm.spread("valid", "log_loss").mean, searched.count(2))
