"""Nodes of the online stage (paper sec. 4.6): time the ranking, simulate the A/B test."""

from __future__ import annotations

import logging
from typing import Any

import plotly.graph_objects as go
import polars as pl
import torch

from autofis_kedro.analysis.online import DAYS, ExperimentConfig, LatencyConfig, Market, measure_latency, run_experiment
from autofis_kedro.config import Options
from autofis_kedro.data.encode import Encoder
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.reading import RawRows
from autofis_kedro.data.schema import Schema
from autofis_kedro.data.vocabulary import Vocabularies
from autofis_kedro.models import CTRModel, predictor
from autofis_kedro.pipelines.naming import by_model
from autofis_kedro.reporting.online_plots import improvement_by_day, latency_distribution
from autofis_kedro.reporting.online_tables import (
    NO_MARKET,
    SIMULATED,
    PublishedOnline,
    ab_test_table,
    latency_table,
    rankings_table,
)
from autofis_kedro.reporting.paper_table import PaperTable
from autofis_kedro.reporting.rows import ModelMetrics
from autofis_kedro.roster import A_B_TEST
from autofis_kedro.training.row_scorer import RowScorer
from autofis_kedro.training.scorers import trained

logger = logging.getLogger(__name__)

CONTROL, TREATMENT = A_B_TEST


class OnlineConfig(Options):
    """The online stage.

    Attributes:
        experiment: the simulated A/B test.
        latency: how ranking is timed.
        published: the paper's words.
    """

    experiment: ExperimentConfig
    latency: LatencyConfig
    published: PublishedOnline


def explain_market(raw_rows: RawRows, online: OnlineConfig) -> dict[str, Any]:
    """Before anything is trained: whether there is a market to simulate, and what it is made of."""
    if raw_rows.click_model is None:
        logger.warning(NO_MARKET)
        return {"is_simulated": False, "why": NO_MARKET}
    market = Market(raw_rows.click_model, online.experiment)
    names = [field.name for field in raw_rows.description.fields]
    users, items = ([names[i] for i in fields] for fields in (market.user_fields, market.item_fields))
    return {
        "is_simulated": True,
        "why": SIMULATED,
        "user_fields": users,
        "item_fields": items,
        "planted_of_user_and_item": [c for c in raw_rows.planted if set(c) & set(users) and set(c) & set(items)],
        "planted_of_item": [c for c in raw_rows.planted if set(c) <= set(items)],
        "planted_of_user": [c for c in raw_rows.planted if set(c) <= set(users)],
    }


def time_ranking(test_examples: Examples, schema: Schema, online: OnlineConfig, **found: Any) -> pl.DataFrame:
    """Milliseconds of every model on every request, on the CPU."""
    scorers = {name: predictor(model) for name, model in _models(schema, found).items()}
    return measure_latency(scorers, test_examples, online.latency)


def report_latency(
    latencies: pl.DataFrame, schema: Schema, online: OnlineConfig, **metrics: ModelMetrics
) -> tuple[PaperTable, go.Figure]:
    """Latencies as a table and a figure."""
    published = online.published
    table = latency_table(latencies, by_model(metrics, "metrics"), published, CONTROL, schema.dataset)
    return table, latency_distribution(latencies, published.latency)


def simulate(
    raw_rows: RawRows, vocabularies: pl.DataFrame, schema: Schema, online: OnlineConfig, **found: Any
) -> pl.DataFrame:
    """The simulated experiment day by day; no days where the true click model is unknown."""
    if raw_rows.click_model is None:
        return pl.DataFrame(schema=DAYS)
    score = RowScorer(Encoder(Vocabularies(vocabularies), schema), _models(schema, found))
    return run_experiment(raw_rows.click_model, score, CONTROL, TREATMENT, online.experiment)


def report_test(days: pl.DataFrame, online: OnlineConfig) -> tuple[PaperTable, PaperTable, go.Figure, go.Figure]:
    """The test by phase, rankings on the same requests, and both measures day by day."""
    confidence = online.experiment.confidence
    by_phase = ab_test_table(days, online.published, confidence)
    ctr, cvr = (improvement_by_day(days, measure, confidence) for measure in ("ctr", "cvr"))
    return by_phase, rankings_table(days), ctr, cvr


def _models(schema: Schema, found: dict[str, Any]) -> dict[str, CTRModel]:
    """The models of the first seed, on the CPU: one model serves, and those who train on a GPU may serve without."""
    weights, selections, metrics = (by_model(found, kind) for kind in ("weights", "selection", "metrics"))
    cpu = torch.device("cpu")
    return {name: trained(weights[name], metrics[name].spec, schema, selections[name], cpu) for name in weights}
