"""Nodes of the paper's tables: time the models, lay the table out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.data.statistics import DatasetStatistics
from autofis_kedro.errors import UserError
from autofis_kedro.evaluation.inference_time import InferenceConfig, InferenceTimes, Scorer, time_inference
from autofis_kedro.models import predictor
from autofis_kedro.pipelines.naming import by_model
from autofis_kedro.reporting.dataset_table import dataset_table
from autofis_kedro.reporting.paper_results import Results, results_table
from autofis_kedro.reporting.paper_rows import TABLES
from autofis_kedro.reporting.paper_table import PaperTable
from autofis_kedro.reporting.published import Published
from autofis_kedro.training import TrainingConfig
from autofis_kedro.training.evaluate import device_of
from autofis_kedro.training.scorers import scorer_of, slices, trained, whole_batches
from autofis_kedro.trees import Forest, TreeRows

BY_MODEL = ("metrics", "weights", "selection", "predictions")
"""Artifacts that a table reads of each of its models, as arguments ``<artifact>_of_<model>``."""


def time_models(
    test_examples: Examples, schema: Schema, training: TrainingConfig, inference: InferenceConfig, **found: Any
) -> InferenceTimes:
    """Seconds that every model takes for the paper's 2 million rows."""
    device = device_of(training)
    batches = whole_batches(test_examples, inference, device)
    metrics, weights, selections = (by_model(found, kind) for kind in ("metrics", "weights", "selection"))
    without_spec = [name for name, found_metrics in metrics.items() if found_metrics.spec is None]
    if without_spec:
        raise UserError(f"metrics of {without_spec[0]} are of an early version, without its spec: train it again")
    scorers: dict[str, Scorer] = {}
    on_leaves = [name for name in metrics if name.startswith("gbdt")]
    for name in metrics.keys() - set(on_leaves):
        model = trained(weights[name], metrics[name].spec, schema, selections[name], device)
        scorers[name] = scorer_of(predictor(model), batches)
    if on_leaves:
        leaves = whole_batches(found["test_leaves"], inference, device)
        leaf_schema, selection = found["leaf_schema"], found["leaf_selection"]
        followed = _followed(found["test_rows"], test_examples, found["forest"], schema, len(leaves), len(leaves[0]))
        for name in on_leaves:
            model = trained(weights[name], metrics[name].spec, leaf_schema, selection, device)
            scorers[name] = scorer_of(predictor(model), leaves, followed)
    ordered = {name: scorers[name] for name in metrics}
    return time_inference(ordered, len(batches[0]), device, inference)


def _followed(
    test_rows: pl.LazyFrame,
    test_examples: Examples,
    forest: dict[str, Tensor],
    schema: Schema,
    n_batches: int,
    batch_size: int,
) -> list[Callable[[], object]]:
    """For every batch, following its rows through the trees."""
    grown = Forest.of_tensors(forest, schema)
    parts, rows = [], 0
    for frame, examples in TreeRows(test_rows, test_examples).chunks():
        parts.append(grown.columns.matrix(frame, examples))
        rows += len(frame)
        if rows >= n_batches * batch_size:
            break
    matrix, threads = np.concatenate(parts), torch.get_num_threads()
    return [partial(grown.leaves, part, threads=threads) for part in slices(matrix, n_batches, batch_size)]


def lay_out(dataset_statistics: DatasetStatistics, published: Published, *, name: str, **found: Any) -> PaperTable:
    """The table ``name``."""
    results = Results(
        dataset=dataset_statistics.dataset,
        metrics=by_model(found, "metrics"),
        predictions=by_model(found, "predictions"),
        times=found.get("times"),
    )
    return results_table(name, TABLES[name], results, published)


def describe(dataset_statistics: DatasetStatistics, published: Published) -> PaperTable:
    """Table 2."""
    return dataset_table(dataset_statistics, published)
