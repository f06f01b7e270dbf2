"""Planted pairs and triples are found, by one-level and bi-level search, and the ladder keeps exactly them."""

import pytest
import torch
from pydantic import ValidationError

from autofis_kedro.errors import UserError
from autofis_kedro.models import CTRModel, ModelSpec
from autofis_kedro.pipelines.training.nodes import evaluate_searched
from autofis_kedro.selection import select
from autofis_kedro.training import (
    ExtractionConfig,
    ModelConfig,
    SearchConfig,
    TrainingConfig,
    extract_selection,
    fit,
    search_gates,
)
from autofis_kedro.training.optimizers import make_optimizers
from autofis_kedro.training.search import search_spec, searched_spec
from autofis_kedro.training.seeds import build
from tests.problems import planted_problem, random_examples
from tests.rounding import assert_rounded
from tests.training.small import CONFIG, SCHEMA, TRAIN, VALID


@pytest.fixture(scope="module")
def searched():
    schema, train, valid = planted_problem(seed=1)
    spec, config = ModelSpec(embedding_dim=8), TrainingConfig(batch_size=1000, learning_rate=1e-2)
    found = search_gates(train, valid, schema, spec, config, SearchConfig(epochs=6), seed=0)
    return schema, train, valid, spec, config, found


def test_the_planted_pairs_have_the_largest_alpha(searched):
    *_, found = searched
    top = found.gates.sort("rank").head(3).select("field_1", "field_2").rows()
    assert set(top) == {("f0", "f1"), ("f2", "f5"), ("f3", "f4")}
    assert found.trajectory["step"].max() == 6 * 32
    assert found.trajectory.filter(step=found.trajectory["step"].max()).height == 15


def test_the_ladder_keeps_exactly_the_planted_pairs(searched):
    schema, train, valid, spec, config, found = searched
    inputs = (found.gates, found.weights, train, valid, schema, spec, config)
    selection = extract_selection(*inputs, ExtractionConfig(), seed=0)
    assert {kept.fields for kept in selection.interactions} == {("f0", "f1"), ("f2", "f5"), ("f3", "f4")}
    by_size = {point.size: point for point in selection.curve}
    assert by_size[1].difference > 2 * by_size[1].standard_error
    given = extract_selection(*inputs, ExtractionConfig(rule="top_k", size=7), seed=0)
    assert len(given.interactions) == 7


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rule": "top_k"}, "rule: top_k needs size"),
        ({"rule": "nonzero", "size": 2}, "rule: nonzero finds the size itself: size 2 goes with top_k or ladder"),
        ({"rule": "smallest", "size": 2}, "rule: smallest finds the size itself"),
    ],
)
def test_a_size_goes_with_the_rules_that_take_one(given, message):
    with pytest.raises(ValidationError, match=message):
        ExtractionConfig(**given)


def test_a_search_without_batch_norm_is_extracted_and_evaluated_without_it(searched):
    schema, train, valid, spec, config, normalized = searched
    found = search_gates(train, valid, schema, spec, config, SearchConfig(epochs=6, normalize=False), seed=0)
    assert not [key for key in found.weights if ".norm." in key]
    assert [key for key in normalized.weights if ".norm." in key]
    assert searched_spec(spec, found.weights) == search_spec(spec, normalize=False)
    assert searched_spec(spec, normalized.weights) == search_spec(spec)
    inputs = (found.gates, found.weights, train, valid, schema, spec, config)
    selection = extract_selection(*inputs, ExtractionConfig(rule="top_k", size=3), seed=0)
    assert {kept.fields for kept in selection.interactions} == {("f0", "f1"), ("f2", "f5"), ("f3", "f4")}
    curve = extract_selection(*inputs, ExtractionConfig(), seed=0).curve
    assert curve[0].log_loss > curve[-1].log_loss

    model, cost = ModelConfig(spec=spec), {"rows_per_second": 1.0, "seconds": 1.0}
    predictions, metrics, _ = evaluate_searched(found.weights, valid, valid, schema, model, config, cost, name="m")
    loss = found.history["valid_log_loss"].to_list()[-1]
    assert metrics.valid[0].log_loss == loss
    assert not metrics.spec.normalize
    assert len(predictions) == 2 * valid.n_rows


def test_a_third_order_search_finds_the_planted_triple_beside_the_kept_pairs():
    schema, train, valid = planted_problem(seed=2, n_fields=5, n_values=8, planted=((0, 1), (1, 3, 4)))
    spec = ModelSpec(order=3, embedding_dim=8)
    config = TrainingConfig(batch_size=1000, learning_rate=1e-2)
    base = select(schema, ((0, 1), (2, 3)), "given")
    search = SearchConfig(epochs=6, final_threshold_3rd=0.8)
    found = search_gates(train, valid, schema, spec, config, search, seed=0, base=base)
    assert len(found.gates) == 10
    assert found.gates.sort("rank").select("field_1", "field_2", "field_3").row(0) == ("f1", "f3", "f4")
    assert found.trajectory.columns == ["step", "field_1", "field_2", "field_3", "alpha"]
    inputs = (found.gates, found.weights, train, valid, schema, spec, config)
    selection = extract_selection(*inputs, ExtractionConfig(), seed=0, base=base)
    assert selection.of_order(2, schema) == ((0, 1), (2, 3)), "the pairs of the base stay"
    assert (1, 3, 4) in selection.of_order(3, schema)
    assert selection.count(3) < 10
    alphas = selection.alpha_of(2, schema)
    assert abs(alphas[0]) > 2 * abs(alphas[1]), "their alpha is this search's"
    warm = build(search_spec(spec), schema, selection, seed=0, warm_alpha=True)
    assert torch.equal(warm.gates.detach(), torch.tensor(alphas))


def test_a_bi_level_search_moves_gates_on_validation_rows_alone():
    spec = ModelSpec(embedding_dim=4, normalize=True, weighting="learned")
    search = SearchConfig(epochs=1, optimization="bi_level", final_threshold=0.0)

    def alpha(train, valid):
        model = CTRModel(spec, SCHEMA, seed=1)
        config = TrainingConfig(batch_size=450, learning_rate=1e-12)  # the weights hardly move
        return fit(model, train, valid, config, seed=1, search=search).weights["interactions.alpha_P"]

    other = random_examples(SCHEMA, 900, 7)
    # one step of rate 1 moves alpha by a mean over the rows: of gradients below 1 times normalised products, a few
    assert_rounded(alpha(other, VALID), alpha(TRAIN, VALID).double(), len(VALID) + 4, 1 + 3)
    assert (alpha(TRAIN, VALID) - alpha(TRAIN, random_examples(SCHEMA, 300, 8))).abs().max() > 1e-3


def test_no_triple_is_kept_where_none_is_needed():
    schema, train, valid = planted_problem(seed=3, n_fields=4, n_values=8, n_rows=20_000, planted=((0, 1),), noise=3.0)
    spec = ModelSpec(order=3, embedding_dim=8)
    config = TrainingConfig(batch_size=1000, learning_rate=1e-2)
    base = select(schema, ((0, 1),), "given")
    found = search_gates(train, valid, schema, spec, config, SearchConfig(epochs=6), seed=0, base=base)
    inputs = (found.gates, found.weights, train, valid, schema, spec, config)
    selection = extract_selection(*inputs, ExtractionConfig(), seed=0, base=base)
    assert [kept.fields for kept in selection.interactions] == [("f0", "f1")]
    assert selection.curve[0].size == 0
    assert build(spec, schema, selection, seed=0).triples is None


def test_each_order_has_its_own_strength():
    search = SearchConfig(c=0.1, mu=0.5, c_3rd=0.3)
    assert (search.of_order(2).c, search.of_order(3).c, search.of_order(3).mu) == (0.1, 0.3, 0.5)
    model = CTRModel(ModelSpec(order=3, embedding_dim=2, weighting="learned"), SCHEMA)
    paper = search.model_copy(update={"strength": "paper"})
    groups = make_optimizers(model, CONFIG, paper, 10).grda.param_groups
    assert [(group["c"], len(group["params"][0])) for group in groups] == [(0.1, 6), (0.3, 4)]


def test_all_gates_closed_says_what_to_change(searched):
    schema, train, valid, spec, config, found = searched
    closed = found.gates.with_columns(alpha=0.0)
    inputs = (closed, found.weights, train, valid, schema, spec, config)
    with pytest.raises(UserError, match=r"all 15 gates closed: lower search\.final_threshold"):
        extract_selection(*inputs, ExtractionConfig(rule="nonzero"), seed=0)
