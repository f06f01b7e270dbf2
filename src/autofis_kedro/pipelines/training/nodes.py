"""Nodes of a trained model: train, evaluate, draw."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import polars as pl
from torch import Tensor

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.evaluation.metrics import Metrics, score
from autofis_kedro.models import ModelSpec
from autofis_kedro.models.cost import flops_per_row
from autofis_kedro.reporting.plots import training_curves
from autofis_kedro.reporting.rows import ModelMetrics
from autofis_kedro.selection import Selection, joined, keep_all, select
from autofis_kedro.training import (
    CheckpointConfig,
    ModelConfig,
    SeedsConfig,
    TrainingConfig,
    predict_seeds,
    takes_xlearn,
    train_seeds,
    train_seeds_by_xlearn,
)
from autofis_kedro.training.search import searched_spec

logger = logging.getLogger(__name__)

Costs = dict[str, float]


def train(
    train_examples: Examples,
    valid_examples: Examples,
    schema: Schema,
    selection: Selection,
    model: ModelConfig,
    training: TrainingConfig,
    seeds: SeedsConfig,
    checkpoints: CheckpointConfig,
    *,
    name: str,
) -> tuple[dict[str, Tensor], pl.DataFrame, Costs]:
    """Weights and history of every seed, and what they cost."""
    model = _over(selection, model)
    if not selection.interactions and model.follows_selection:
        logger.warning("%s: no interaction is kept: trained without any, as logistic regression", name)
    if takes_xlearn(model, schema, name):
        by_xlearn = train_seeds_by_xlearn(
            train_examples, valid_examples, schema, selection, model, seeds, checkpoints=checkpoints, name=name
        )
        return by_xlearn.weights, by_xlearn.history, by_xlearn.cost
    trained = train_seeds(
        train_examples,
        valid_examples,
        schema,
        selection,
        model.spec,
        model.training_of(training),
        n_seeds=seeds.n_seeds,
        seed=seeds.seed,
        checkpoints=checkpoints,
        name=name,
        warm_alpha=model.warm_alpha,
    )
    return trained.weights, trained.history, trained.cost


def evaluate(
    weights: dict[str, Tensor],
    valid_examples: Examples,
    test_examples: Examples,
    schema: Schema,
    selection: Selection,
    model: ModelConfig,
    training: TrainingConfig,
    cost: Costs,
    *search_costs: Costs,
    name: str,
) -> tuple[pl.DataFrame, ModelMetrics]:
    """Predictions on the validation and test rows, and their metrics per seed.

    ``search_costs`` are those of every search and extraction that led to the selection.
    """
    model, config = _over(selection, model), model.training_of(training)
    parts = {
        split: predict_seeds(weights, examples, schema, selection, model.spec, config)
        for split, examples in (("valid", valid_examples), ("test", test_examples))
    }
    return metrics_of(parts, name, selection, schema, model.spec, cost, search_costs)


def metrics_of(
    parts: Mapping[str, pl.DataFrame],
    name: str,
    selection: Selection,
    schema: Schema,
    spec: ModelSpec,
    cost: Costs,
    search_costs: Sequence[Costs] = (),
) -> tuple[pl.DataFrame, ModelMetrics]:
    """Predictions of both splits as one table, and the metrics."""
    counts = _interaction_counts(selection, schema, spec.order)
    metrics = ModelMetrics(
        model=name,
        valid=_scores(parts["valid"]),
        test=_scores(parts["test"]),
        **counts,
        parameters=int(cost["parameters"]),
        flops_per_row=flops_per_row(spec, schema.n_fields, counts["kept"], counts["kept_triples"]),
        rows_per_second=cost["rows_per_second"],
        train_seconds=cost["seconds"],
        search_seconds=sum(found["seconds"] for found in search_costs),
        spec=spec,
        schema_fingerprint=schema.fingerprint,
    )
    split_type = pl.Enum(list(parts))  # one byte per row, where texts take sixteen
    predictions = [part.with_columns(pl.lit(split, split_type).alias("split")) for split, part in parts.items()]
    return pl.concat(predictions), metrics


def evaluate_searched(
    weights: dict[str, Tensor],
    valid_examples: Examples,
    test_examples: Examples,
    schema: Schema,
    model: ModelConfig,
    training: TrainingConfig,
    cost: Costs,
    base: Selection | None = None,
    *earlier_costs: Costs,
    name: str,
) -> tuple[pl.DataFrame, ModelMetrics, Selection]:
    """The searched model as it is at the end of the search: closed gates are zeros.

    All that it cost is the search, and in third order what came before: ``base`` holds the pairs beside which triples
    were searched, ``earlier_costs`` what those took.

    Returns:
        Predictions and metrics as of other models, and its interactions: all candidates.
    """
    named = {f"seed_0/{key}": tensor for key, tensor in weights.items()}
    searched = model.model_copy(update={"spec": searched_spec(model.spec, weights)})
    n_parameters = sum(t.numel() for key, t in weights.items() if ".norm." not in key)
    own = {"parameters": float(n_parameters), "rows_per_second": cost["rows_per_second"], "seconds": 0.0}
    everything = keep_all(schema, model.spec.order)
    if base is not None:
        everything = joined(base, select(schema, schema.tuples(3), "keep_all", order=3), "keep_all")
    predictions, metrics = evaluate(
        named,
        valid_examples,
        test_examples,
        schema,
        everything,
        searched,
        training,
        own,
        cost,
        *earlier_costs,
        name=name,
    )
    parts = {"kept": "interactions.alpha_P", "kept_triples": "triples.alpha_P"}
    n_open = {count: int(weights[part].count_nonzero()) for count, part in parts.items() if part in weights}
    return predictions, metrics.model_copy(update=n_open), everything


def draw_training(history: pl.DataFrame, *, name: str) -> go.Figure:
    """Training curves."""
    return training_curves(history, f"training of {name}")


def _over(selection: Selection, model: ModelConfig) -> ModelConfig:
    """The model as the orders of the selection make it."""
    orders = {len(kept.fields) for kept in selection.interactions}
    return model.model_copy(update={"spec": model.spec_over(orders)})


def _interaction_counts(selection: Selection, schema: Schema, order: int) -> dict[str, int]:
    """Kept interactions and candidates of each order that the model has."""
    names = {2: ("kept", "candidates"), 3: ("kept_triples", "candidate_triples")}
    counts = dict.fromkeys(names[2] + names[3], 0)
    for at_order in range(2, order + 1):
        kept, candidates = names[at_order]
        counts |= {kept: selection.count(at_order), candidates: len(schema.tuples(at_order))}
    return counts


def _scores(predictions: pl.DataFrame) -> tuple[Metrics, ...]:
    labels = predictions["label"].to_numpy()
    return tuple(score(labels, predictions[c].to_numpy()) for c in predictions.columns if c.startswith("seed_"))
