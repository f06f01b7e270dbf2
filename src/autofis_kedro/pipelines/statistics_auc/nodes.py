"""Nodes of the statistics_AUC stage (paper sec. 4.5)."""

import time

import plotly.graph_objects as go
import polars as pl

from autofis_kedro.analysis import StatisticsAUCConfig, statistics_auc
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.reporting.gate_plots import alpha_against_statistics_auc
from autofis_kedro.selection import Selection, by_statistics_auc


def rank(
    train_examples: Examples,
    valid_examples: Examples,
    test_examples: Examples,
    schema: Schema,
    config: StatisticsAUCConfig,
) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, float]]:
    """statistics_AUC of every pair on the validation rows, which may select, and on the test rows, which may not.

    And what the former cost.
    """
    start = time.perf_counter()
    on_valid = statistics_auc(train_examples, valid_examples, schema, config=config)
    cost = {"seconds": time.perf_counter() - start}
    return on_valid, statistics_auc(train_examples, test_examples, schema, config=config), cost


def rank_others(
    train_examples: Examples, valid_examples: Examples, schema: Schema, config: StatisticsAUCConfig
) -> pl.DataFrame:
    """statistics_AUC of single fields, and of triples on request, on the validation rows: how much a pair adds."""
    tables = []
    for order in sorted(config.also):
        tuples = schema.tuples(order)
        if tuples:
            ranked = statistics_auc(train_examples, valid_examples, schema, tuples, config)
            fields = [name for name in ranked.columns if name.startswith("field_")]
            named = pl.concat_str(fields, separator=" × ").alias("interaction")
            others = [name for name in ranked.columns if name not in fields]
            tables.append(ranked.select(pl.lit(order).alias("order"), named, *others).sort("rank"))
    return pl.concat(tables) if tables else pl.DataFrame(schema=dict.fromkeys(("order", "interaction"), pl.String))


def select(schema: Schema, ranked: pl.DataFrame, searched: Selection) -> Selection:
    """As many pairs as the search kept."""
    return by_statistics_auc(schema, ranked, searched.count(2))


def draw(ranked: pl.DataFrame, gates: pl.DataFrame, searched: Selection) -> go.Figure:
    """statistics_AUC against |alpha| (the paper's Figure 3)."""
    return alpha_against_statistics_auc(ranked, gates, searched)
