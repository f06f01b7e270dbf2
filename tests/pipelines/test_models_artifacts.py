"""Whichever model is chosen, all that others ask of it is there: weights, interactions, predictions, curves."""

import polars as pl
import pytest

from autofis_kedro.models import ModelSpec
from autofis_kedro.pipeline_registry import register_pipelines
from autofis_kedro.pipelines.training.nodes import evaluate_searched
from autofis_kedro.pipelines.trees.nodes import draw_penalties
from autofis_kedro.roster import ALL, ANY_TRANSFER, CHOICE, interactions_of, weights_of
from autofis_kedro.selection import select
from autofis_kedro.training import ModelConfig, SearchConfig, predict_seeds, search_gates
from autofis_kedro.training.search import searched_spec
from tests.training.small import CONFIG, SCHEMA, TRAIN, VALID

PIPELINES = register_pipelines()
COST = {"seconds": 3.0, "rows_per_second": 10.0}


@pytest.mark.parametrize("pipeline", sorted(PIPELINES))
def test_a_pipeline_that_evaluates_a_model_makes_all_that_it_is_asked_for(pipeline):
    made = PIPELINES[pipeline].all_outputs()
    if pipeline.startswith("table"):  # nothing is chosen there
        return
    for name in [name for name in ALL if f"{name}.metrics" in made]:
        assert f"{name}.predictions" in made
        assert weights_of(name) in made
        assert interactions_of(name) in made
        assert f"{name}.training_curves" in made, name


def test_every_candidate_is_evaluated_by_some_pipeline():
    made = set().union(*(pipeline.all_outputs() for pipeline in PIPELINES.values()))
    assert not [name for name in (*CHOICE, ANY_TRANSFER) if f"{name}.metrics" not in made]


def test_a_searched_model_costs_its_search():
    spec = ModelSpec(embedding_dim=2)
    found = search_gates(TRAIN, VALID, SCHEMA, spec, CONFIG, SearchConfig(), seed=0)
    given = (SCHEMA, ModelConfig(spec=spec), CONFIG)
    _, metrics, interactions = evaluate_searched(
        found.weights, VALID, VALID, *given, found.cost, name="autofm_searched"
    )
    assert metrics.search_seconds == found.cost["seconds"] > 0
    assert metrics.train_seconds == 0, "there is no training but the search"
    assert interactions.count(2) == 6


def test_a_searched_model_of_third_order_has_the_kept_pairs_and_all_triples_and_costs_both_searches():
    spec, base = ModelSpec(embedding_dim=2, order=3), select(SCHEMA, ((0, 1), (1, 3)), "kept")
    found = search_gates(TRAIN, VALID, SCHEMA, spec, CONFIG, SearchConfig(), seed=0, base=base)
    given = (SCHEMA, ModelConfig(spec=spec), CONFIG, found.cost, base, COST, COST)
    predictions, metrics, interactions = evaluate_searched(found.weights, VALID, VALID, *given, name="m")
    assert metrics.search_seconds == found.cost["seconds"] + 6.0
    assert (interactions.of_order(2, SCHEMA), interactions.count(3)) == (((0, 1), (1, 3)), 4)
    # as whoever serves the model builds it
    named = {f"seed_0/{key}": tensor for key, tensor in found.weights.items()}
    again = predict_seeds(named, VALID, SCHEMA, interactions, searched_spec(spec, found.weights), CONFIG)
    assert again["seed_0"].equals(predictions.filter(pl.col("split") == "valid")["seed_0"])


def test_the_penalties_of_the_regression_over_leaves_are_drawn():
    history = {"c": [0.01, 0.1], "train_loss": [0.5, 0.4], "valid_log_loss": [0.6, 0.5], "valid_auc": [0.7, 0.8]}
    figure = draw_penalties(pl.DataFrame(history))
    assert list(figure.data[0].x) == [0.01, 0.1]
    assert figure.layout.xaxis.type == "log"
