"""Pair products and sums: compiled and plain, gathered and read in place, one by one and weighted, are the formula."""

from itertools import combinations

import numba
import pytest
import torch

from autofis_kedro.models import CTRModel, MLPSpec, ModelSpec, pair_products, pair_sum
from autofis_kedro.models.embeddings import one_row_each
from autofis_kedro.models.pair_logits_numba import PairSumLogits, WeightedPairLogits
from autofis_kedro.optim.row_kernels_numba import NumbaKernels
from tests.models.sized_logits import logits_and_bounds
from tests.problems import most_reads, random_batch, random_examples, schema_of, taken_gradient
from tests.rounding import assert_rounded, assert_within, likely, magnitudes

ALL_OF_6 = tuple(combinations(range(6), 2))
SOME_OF_6 = ((2, 4), (0, 1), (4, 3), (0, 5))


def vectors(rows=200, size=7):
    return torch.randn(rows, 6, size, generator=torch.Generator().manual_seed(0)).requires_grad_()


def logits(e_BFK, pairs_2P, weight_P):
    """Of the sum of all pairs, and of weighted ones, without a linear part."""
    table_NK, rows_BF = one_row_each(e_BFK.detach())
    return PairSumLogits(table_NK, None, 0.0)(rows_BF), WeightedPairLogits(table_NK, None, 0.0, pairs_2P, weight_P)(
        rows_BF
    )


def by_the_formula(e_BFK, pairs):
    return torch.stack([(e_BFK[:, i] * e_BFK[:, j]).sum(1) for i, j in pairs], 1)


@pytest.mark.parametrize("is_compiled", [True, False])
@pytest.mark.parametrize("pairs", [ALL_OF_6, SOME_OF_6])
@pytest.mark.parametrize("size", [1, 7, 16, 40])
def test_products_and_gradients_are_the_formulas(pairs, size, is_compiled, monkeypatch):
    monkeypatch.setattr(pair_products, "is_compiled", lambda e_BFK: is_compiled)
    e_BFK = vectors(size=size)
    exact, (large,) = e_BFK.detach().double().requires_grad_(), magnitudes(e_BFK)
    factor_BP = torch.randn(len(e_BFK), len(pairs), generator=torch.Generator().manual_seed(1))
    expected_BP, size_BP = by_the_formula(exact, pairs), by_the_formula(large, pairs)
    found_BP = pair_products.pair_products(e_BFK, torch.tensor(pairs).T)
    expected_BP.backward(factor_BP.double())
    size_BP.backward(factor_BP.double().abs())
    found_BP.backward(factor_BP)
    assert_rounded(found_BP, expected_BP, size, size_BP)
    assert_rounded(e_BFK.grad, exact.grad, len(e_BFK[0]), large.grad)  # a product with each other field's vector


@pytest.mark.parametrize("is_compiled", [True, False])
def test_the_sum_of_all_pairs_and_its_gradient_are_the_formulas(is_compiled, monkeypatch):
    monkeypatch.setattr(pair_sum, "is_compiled", lambda e_BFK: is_compiled)
    e_BFK = vectors()
    exact, (large,) = e_BFK.detach().double().requires_grad_(), magnitudes(e_BFK)
    factor_B = torch.randn(len(e_BFK), generator=torch.Generator().manual_seed(1))
    expected_B, found_B = by_the_formula(exact, ALL_OF_6).sum(1), pair_sum.sum_of_all_pair_products(e_BFK)
    # the identity: the square of the sum of 6 vectors, less the sum of their squares, over 7 numbers
    size_B = 0.5 * (large.sum(1).square().sum(1) + large.square().sum((1, 2)))
    size_BFK = factor_B.double().abs()[:, None, None] * (large.sum(1, keepdim=True) + large)
    expected_B.backward(factor_B.double())
    found_B.backward(factor_B)
    assert_rounded(found_B, expected_B, 2 * 6 + 7 + 3, size_B)
    assert_rounded(e_BFK.grad, exact.grad, 6 + 3, size_BFK)


@pytest.mark.parametrize("multi_hot", [(), (1, 3)])
@pytest.mark.parametrize("pairs", [None, SOME_OF_6])
@pytest.mark.parametrize(
    "spec",
    [
        ModelSpec(embedding_dim=5),
        ModelSpec(embedding_dim=5, weighting="learned"),
        ModelSpec(embedding_dim=5, normalize=True, weighting="learned"),
        ModelSpec(embedding_dim=5, normalize=True),
        ModelSpec(embedding_dim=5, normalize=True, weighting="learned", mlp=MLPSpec(hidden=(4,))),
    ],
    ids=["fm", "weights", "norm_and_weights", "norm", "norm_weights_mlp"],
)
def test_predicting_gives_the_logits_of_training_weights(spec, pairs, multi_hot):
    schema = schema_of([50, 6, 40, 7, 9, 5], multi_hot)
    batch = random_batch(schema, 300)
    model = CTRModel(spec, schema, pairs)
    with torch.no_grad():
        for _ in range(20):  # statistics of its own
            model.train()(batch)
    by_product_B = model.eval()(batch)  # with gradients: product by product
    exact_B, allowed_B = logits_and_bounds(model, random_examples(schema, 300, 0), 40)
    with torch.no_grad():
        at_once_B = model(batch)
    for found_B in (at_once_B, by_product_B):
        assert_within(found_B[:40], exact_B, allowed_B)


def test_compiled_results_do_not_depend_on_the_number_of_threads():
    e_BFK, pairs_2P = vectors(), torch.tensor(SOME_OF_6).T
    found, before = [], torch.get_num_threads()
    try:
        for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            torch.set_num_threads(threads)
            product_BP = pair_products.pair_products(e_BFK, pairs_2P)
            sum_B = pair_sum.sum_of_all_pair_products(e_BFK)
            gradients = torch.autograd.grad(product_BP.sum() + sum_B.sum(), e_BFK)
            found.append([product_BP, sum_B, *logits(e_BFK, pairs_2P, torch.arange(4.0)), *gradients])
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(*both) for both in zip(*found, strict=True))


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_vector_that_is_not_finite_shows(number):
    e_BFK, pairs_2P = vectors().detach(), torch.tensor(ALL_OF_6).T
    e_BFK[3, 2, 1] = number
    for values in (
        pair_products.pair_products(e_BFK, pairs_2P)[3],
        pair_sum.sum_of_all_pair_products(e_BFK)[3],
        *(logits_B[3] for logits_B in logits(e_BFK, pairs_2P, torch.ones(len(ALL_OF_6)))),
    ):
        assert not torch.isfinite(values).all()


def test_double_precision_predicts_over_few_pairs():
    schema = schema_of([5, 6, 4, 7, 9, 5])
    model = CTRModel(ModelSpec(embedding_dim=3), schema, SOME_OF_6).double().eval()
    batch = random_batch(schema, 20)
    expected_B = model(batch).detach()
    with torch.no_grad():
        torch.testing.assert_close(model(batch), expected_B)


@pytest.mark.parametrize("is_grouped", [False, True], ids=["by_read", "by_row"])
def test_a_frequent_large_vector_costs_the_gradient_no_digits(is_grouped):
    schema = schema_of([3, 60, 40, 7])
    model, batch = CTRModel(ModelSpec(embedding_dim=5), schema), random_batch(schema, 5000)
    table = model.embedding
    with torch.no_grad():
        table.weight.normal_(generator=torch.Generator().manual_seed(0))
        table.weight[: schema.offsets[1]] *= 100  # each is read by a third of the rows
    exact = CTRModel(ModelSpec(embedding_dim=5), schema).double()
    exact.load_state_dict({name: weight.double() for name, weight in model.state_dict().items()})
    factor_B = torch.randn(5000, generator=torch.Generator().manual_seed(1))
    exact(batch).backward(factor_B.double())
    exact_gradient = exact.embedding.weight.grad
    table.keep_gradient()
    if is_grouped:
        table.begin(batch, NumbaKernels().group(batch.ids_Z, len(table.weight)))
    model(batch).backward(factor_B)
    found, expected = (gradient[: schema.offsets[1]] for gradient in (taken_gradient(table, batch), exact_gradient))
    assert (found - expected).norm() <= likely(most_reads(batch)) * expected.norm()
