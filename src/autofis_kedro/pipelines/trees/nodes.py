"""Nodes of the trees stage."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl
from torch import Tensor

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.reporting.plots import training_curves
from autofis_kedro.training import SeedsConfig
from autofis_kedro.trees import (
    Forest,
    LeafRegressionConfig,
    LeafRows,
    TreeRows,
    TreesConfig,
    fit_leaf_regression,
    grow,
    leaf_schema,
)

Costs = dict[str, float]
Tensors = dict[str, Tensor]


def grow_trees(
    train_rows: pl.LazyFrame,
    valid_rows: pl.LazyFrame,
    train_examples: Examples,
    valid_examples: Examples,
    schema: Schema,
    trees: TreesConfig,
    seeds: SeedsConfig,
) -> tuple[Tensors, pl.DataFrame, Costs]:
    """One forest for all models over leaves, with the first seed."""
    train, valid = TreeRows(train_rows, train_examples), TreeRows(valid_rows, valid_examples)
    grown = grow(train, valid, schema, trees, seed=seeds.seed)
    n_leaves = float(sum(grown.forest.n_leaves_T))
    cost = {"seconds": grown.seconds, "rows_per_second": grown.rows_per_second, "leaves": n_leaves}
    return grown.forest.tensors(), grown.history, cost


def describe_leaves(forest: Tensors, schema: Schema) -> Schema:
    """The data set's fields, and one per tree."""
    return leaf_schema(schema, Forest.of_tensors(forest, schema))


def append_leaves(
    train_rows: pl.LazyFrame,
    valid_rows: pl.LazyFrame,
    test_rows: pl.LazyFrame,
    train_examples: Examples,
    valid_examples: Examples,
    test_examples: Examples,
    forest: Tensors,
    schema: Schema,
    schema_with_leaves: Schema,
) -> tuple[LeafRows, LeafRows, LeafRows]:
    """The splits with leaves as recipes that their datasets carry out while saving."""
    grown = Forest.of_tensors(forest, schema)
    return (
        LeafRows(TreeRows(train_rows, train_examples), grown, schema_with_leaves),
        LeafRows(TreeRows(valid_rows, valid_examples), grown, schema_with_leaves),
        LeafRows(TreeRows(test_rows, test_examples), grown, schema_with_leaves),
    )


def regress(
    train_examples: Examples,
    valid_examples: Examples,
    schema: Schema,
    plain_schema: Schema,
    config: LeafRegressionConfig,
) -> tuple[Tensors, pl.DataFrame, Costs]:
    """Logistic regression over the leaves. It has no randomness, so that there is one seed."""
    n_trees = schema.n_fields - plain_schema.n_fields
    fitted = fit_leaf_regression(train_examples, valid_examples, schema, n_trees, config)
    speed = train_examples.n_rows * len(fitted.history) / fitted.seconds
    cost = {"seconds": fitted.seconds, "rows_per_second": speed, "parameters": float(fitted.n_weights)}
    return {f"seed_0/{name}": tensor for name, tensor in fitted.weights.items()}, fitted.history, cost


def draw_penalties(history: pl.DataFrame) -> go.Figure:
    """Log loss and AUC of the regression by penalty."""
    by_penalty = history.select(pl.lit(0).alias("seed"), pl.col("c").alias("epoch"), pl.exclude("c"))
    title = "regression over leaves, by penalty (less C is a stronger one)"
    return training_curves(by_penalty, title, unit="C", is_log=True)


def draw_growth(history: pl.DataFrame) -> go.Figure:
    """Log loss and AUC by number of trees."""
    return training_curves(history, "growth of the trees", unit="trees")
