"""A predictor's logits are those of the model's own formula, for every kind of model."""

import numba
import pytest
import torch

from autofis_kedro.compiled import plain_torch
from autofis_kedro.models import CTRModel, MLPSpec, ModelSpec, predictor
from autofis_kedro.models.norm import estimating
from tests.models.sized_logits import logits_and_bounds
from tests.problems import random_batch, random_examples, schema_of
from tests.rounding import assert_within

SOME_OF_6 = ((2, 4), (0, 1), (4, 3), (0, 5))
MANY_OF_6 = tuple((i, j) for j in range(6) for i in range(j))[:-1]  # more than are multiplied at once
SIZES = [50, 6, 40, 7, 9, 5]
SPECS = {
    "lr": ModelSpec(order=1),
    "fm": ModelSpec(embedding_dim=5),
    "weights": ModelSpec(embedding_dim=16, weighting="learned"),
    "ipnn": ModelSpec(embedding_dim=5, linear=False, feeds="mlp", mlp=MLPSpec(hidden=(4,))),
    "norm": ModelSpec(embedding_dim=5, normalize=True),
    "norm_and_weights": ModelSpec(embedding_dim=40, normalize=True, weighting="learned"),
    "field_vectors": ModelSpec(embedding_dim=5, weighting="learned", linear_form="field_vectors"),
    "field_aware": ModelSpec(embedding_dim=4, field_aware=True),
    "mlp": ModelSpec(embedding_dim=5, normalize=True, weighting="learned", mlp=MLPSpec(hidden=(4,))),
    "third_order": ModelSpec(embedding_dim=5, order=3),
}
ROWS_BY_HAND = 10
COMPILED = ("fm", "weights", "norm", "norm_and_weights")


def trained(spec, pairs, multi_hot=()):
    """A model whose numbers all matter, and a batch."""
    schema = schema_of(SIZES, multi_hot)
    model, batch = CTRModel(spec, schema, pairs), random_batch(schema, 300)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(1)), alpha=0.3)
        for _ in range(20):  # statistics of its own
            model.train()(batch)
    return model.eval(), batch


@pytest.mark.parametrize("multi_hot", [(), (1, 3)], ids=["one_hot", "multi_hot"])
@pytest.mark.parametrize("pairs", [None, SOME_OF_6, MANY_OF_6], ids=["all", "some", "many"])
@pytest.mark.parametrize("name", SPECS)
def test_the_logits_are_the_models_own_in_double_precision(name, pairs, multi_hot):
    model, batch = trained(SPECS[name], pairs, multi_hot)
    found_B = predictor(model)(batch)
    assert not found_B.requires_grad
    exact_B, allowed_B = logits_and_bounds(model, random_examples(model.schema, 300, 0), ROWS_BY_HAND)
    assert_within(found_B[:ROWS_BY_HAND], exact_B, allowed_B)
    with plain_torch():
        expected_B = model.double()(batch).detach()
    assert expected_B.std() > 0.1
    worst = 10 * allowed_B.max()  # no row of the others is as much larger than the first ones
    assert_within(found_B, expected_B, worst)


@pytest.mark.parametrize("name", ["fm", "norm_and_weights", "mlp"])
def test_plain_torch_is_followed(name):
    model, batch = trained(SPECS[name], SOME_OF_6)
    with plain_torch():
        assert predictor(model)(batch).equal(model(batch).detach())


@pytest.mark.parametrize("name", SPECS)
def test_a_predictor_puts_the_model_in_evaluation_mode(name):
    model, batch = trained(SPECS[name], SOME_OF_6)
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    exact_B, allowed_B = logits_and_bounds(model, random_examples(model.schema, 300, 0), ROWS_BY_HAND)
    assert_within(predictor(model.train())(batch)[:ROWS_BY_HAND], exact_B, allowed_B)
    assert not model.training
    assert all(tensor.equal(before[key]) for key, tensor in model.state_dict().items())


@pytest.mark.parametrize("multi_hot", [(), (1, 3)], ids=["one_hot", "multi_hot"])
@pytest.mark.parametrize("name", SPECS)
def test_a_linear_part_and_pairs_are_compiled(name, multi_hot):
    model, _ = trained(SPECS[name], SOME_OF_6, multi_hot)
    assert (model.logits_of_ids() is not None) == (name in COMPILED and not multi_hot)
    with plain_torch():
        assert model.logits_of_ids() is None
    with estimating(model) as has_norms:
        assert not has_norms or model.logits_of_ids() is None


def test_statistics_that_are_being_estimated_are_the_batchs_own():
    model, batch = trained(SPECS["norm_and_weights"], SOME_OF_6)
    with estimating(model), torch.no_grad():
        assert predictor(model)(batch).equal(model(batch))


@pytest.mark.parametrize("name", ["fm", "norm_and_weights"])
def test_batches_of_any_size_are_predicted_row_by_row_alike(name):
    model, _ = trained(SPECS[name], SOME_OF_6)
    logits, batch = predictor(model), random_batch(model.schema, 40)
    whole_B = logits(batch)
    for rows in (0, 1, 7, 16, 17):
        few = type(batch)(batch.one_hot_BO[:rows], batch.labels_B[:rows], {})
        assert logits(few).equal(whole_B[:rows])


@pytest.mark.parametrize("name", ["fm", "norm_and_weights"])
def test_the_number_of_threads_does_not_matter(name):
    model, batch = trained(SPECS[name], MANY_OF_6)
    found, before = [], torch.get_num_threads()
    try:
        for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            torch.set_num_threads(threads)
            found.append(predictor(model)(batch))
    finally:
        torch.set_num_threads(before)
    assert found[0].equal(found[1])
