"""The weighted sum of pairs out of a table, as one operation, is the formula of the paper; so are its gradients."""

import copy
from contextlib import nullcontext
from itertools import combinations

import numba
import pytest
import torch

from autofis_kedro.compiled import plain_torch
from autofis_kedro.models import CTRModel, ModelSpec
from autofis_kedro.models.embeddings import Parts
from autofis_kedro.models.interactions import PairInteractions
from autofis_kedro.models.weighted_pairs import Read, normalised_pairs, weighted_pairs
from tests.models.batch_norm_bounds import FEW, RoundedBatchNorm
from tests.problems import random_batch, schema_of
from tests.rounding import assert_near, assert_rounded, assert_within, bound, magnitudes, moved_by_rounding

ALL_OF_6 = tuple(combinations(range(6), 2))
SOME_OF_6 = ((2, 4), (0, 1), (4, 3), (0, 5))
ROWS, IDS, EPS = 200, 50, 1e-3


def problem(size, pairs):
    generator = torch.Generator().manual_seed(0)
    table_NK = torch.randn(IDS, size, generator=generator).requires_grad_()
    rows_BF = torch.randint(IDS, (ROWS, 6), generator=generator, dtype=torch.int32)
    weight_P = torch.randn(len(pairs), generator=generator).requires_grad_()
    vector_FK = torch.randn(6, size, generator=generator).requires_grad_()
    factor_B = torch.randn(ROWS, generator=generator)
    return table_NK, rows_BF, weight_P, vector_FK, factor_B


def exact(*tensors):
    return [tensor.detach().double().requires_grad_() for tensor in tensors]


def products(e_BFK, pairs):
    return torch.stack([(e_BFK[:, i] * e_BFK[:, j]).sum(1) for i, j in pairs], 1)


@pytest.mark.parametrize("with_parts", [True, False])
@pytest.mark.parametrize("with_vectors", [True, False])
@pytest.mark.parametrize("pairs", [ALL_OF_6, SOME_OF_6], ids=["all", "some"])
@pytest.mark.parametrize("size", [1, 7, 16, 40])
def test_the_weighted_sum_and_its_gradients_are_the_formulas(size, pairs, with_vectors, with_parts):
    table_NK, rows_BF, weight_P, vector_FK, factor_B = problem(size, pairs)
    table, weight, vector = exact(table_NK, weight_P, vector_FK)
    e_BFK = table[rows_BF.long()]
    e_BFK.retain_grad()
    expected_B = products(e_BFK, pairs) @ weight
    if with_vectors:
        expected_B = expected_B + (e_BFK * vector).sum((1, 2))
    expected_B.backward(factor_B.double())
    large_table, large_weight, large_vector = magnitudes(table_NK, weight_P, vector_FK)
    large_BFK = large_table[rows_BF.long()]
    large_BFK.retain_grad()
    size_B = products(large_BFK, pairs) @ large_weight
    if with_vectors:
        size_B = size_B + (large_BFK * large_vector).sum((1, 2))
    size_B.backward(factor_B.double().abs())

    parts = Parts() if with_parts else None
    flat_NK = table_NK[rows_BF.long()].flatten(0, 1).detach().requires_grad_()
    every_BF = torch.arange(ROWS * 6, dtype=torch.int32).view(ROWS, 6)
    where = (table_NK, rows_BF) if with_parts else (flat_NK, every_BF)
    read = Read(*where, parts, torch.tensor(pairs).T.contiguous())
    found_B, _ = weighted_pairs(read, weight_P, vector_FK if with_vectors else None)
    found_B.backward(factor_B)
    into_ZK = parts.of_reads[0] if with_parts else flat_NK.grad
    assert_rounded(found_B, expected_B, size + 6 * size + len(pairs) + 2, size_B)
    assert_rounded(into_ZK, e_BFK.grad.flatten(0, 1), len(pairs) + 5, large_BFK.grad.flatten(0, 1))
    assert_rounded(weight_P.grad, weight.grad, size + ROWS, large_weight.grad)
    if with_vectors:
        assert_rounded(vector_FK.grad, vector.grad, ROWS + 1, large_vector.grad)
    assert table_NK.grad is None, "no gradient as large as the table"


@pytest.mark.parametrize("pairs", [ALL_OF_6, SOME_OF_6], ids=["all", "some"])
@pytest.mark.parametrize("size", [3, 40])
def test_the_normalised_sum_and_its_gradients_are_batch_norms(size, pairs):
    table_NK, rows_BF, weight_P, _, factor_B = problem(size, pairs)
    table, weight = exact(table_NK, weight_P)
    e_BFK = table[rows_BF.long()]
    e_BFK.retain_grad()
    z_BP = products(e_BFK, pairs)
    variance_P, mean_P = torch.var_mean(z_BP, 0, correction=0)
    expected_B = ((z_BP - mean_P) / (variance_P + EPS).sqrt()) @ weight
    expected_B.backward(factor_B.double())

    parts = Parts()
    read = Read(table_NK, rows_BF, parts, torch.tensor(pairs).T.contiguous())
    found_B, (found_mean_P, found_variance_P), _ = normalised_pairs(read, weight_P, EPS)
    found_B.backward(factor_B)
    large_BFK, large_P = e_BFK.detach().abs(), weight.detach().abs()
    law = RoundedBatchNorm(z_BP.detach(), EPS, bound(size, products(large_BFK, pairs)))
    g_BP = factor_B.double()[:, None].expand(z_BP.shape)
    into_z = law.into_z(g_BP * weight.detach())
    assert_within(found_B, expected_B, (law.y.error + bound(len(pairs) + FEW, law.size_BU)) @ large_P)
    assert_within(found_mean_P, mean_P, law.mean.error)
    assert_within(found_variance_P, variance_P, law.variance.error)
    assert_within(weight_P.grad, weight.grad, law.into_factor(g_BP).error)
    # a vector's gradient is the sum of its pairs' partners, each times the gradient of the product
    partners = large_BFK.clone().requires_grad_()
    rounded_BP = into_z.error + bound(len(pairs) + FEW, into_z.value.abs())
    (allowed_BFK,) = torch.autograd.grad((products(partners, pairs) * rounded_BP).sum(), partners)
    assert_within(parts.of_reads[0], e_BFK.grad.flatten(0, 1), allowed_BFK.flatten(0, 1))


@pytest.mark.parametrize("pairs", [ALL_OF_6, SOME_OF_6], ids=["all", "some"])
def test_results_do_not_depend_on_the_number_of_threads(pairs):
    found, before = [], torch.get_num_threads()
    try:
        for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            torch.set_num_threads(threads)
            table_NK, rows_BF, weight_P, vector_FK, factor_B = problem(7, pairs)
            parts = Parts()
            read = Read(table_NK, rows_BF, parts, torch.tensor(pairs).T.contiguous())
            out_B, _ = weighted_pairs(read, weight_P, vector_FK)
            out_B.backward(factor_B)
            found.append([out_B, parts.of_reads[0], weight_P.grad, vector_FK.grad])
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(*both) for both in zip(*found, strict=True))


@pytest.mark.parametrize("multi_hot", [(), (1, 3)])
@pytest.mark.parametrize(
    "spec",
    [
        ModelSpec(embedding_dim=5, weighting="learned"),
        ModelSpec(embedding_dim=5, weighting="learned", linear_form="field_vectors"),
        ModelSpec(embedding_dim=5, normalize=True, weighting="learned"),
        ModelSpec(embedding_dim=5, normalize=True, weighting="learned", linear_form="field_vectors"),
    ],
    ids=["weights", "field_vectors", "norm", "norm_field_vectors"],
)
def test_a_model_has_the_logits_and_gradients_of_double_precision(spec, multi_hot):
    schema = schema_of([50, 6, 40, 7, 9, 5], multi_hot)
    model, twin = (CTRModel(spec, schema, SOME_OF_6, seed=1).train() for _ in range(2))
    twin.double()

    def logits_and_gradients(model):
        model.zero_grad(set_to_none=True)
        logit_B = model(random_batch(schema, 300))
        logit_B.square().sum().backward()
        return [logit_B.detach(), *(weight.grad for weight in model.parameters())]

    n_operations = 300 + 5 + len(SOME_OF_6)
    exact, allowed = moved_by_rounding(lambda: logits_and_gradients(twin), list(twin.parameters()), n_operations)
    names = ["logits", *(name for name, _ in model.named_parameters())]
    for who_computes in (nullcontext, plain_torch):
        with who_computes():
            found = logits_and_gradients(model)
        for numbers in zip(found, exact, allowed, names, strict=True):
            assert_near(*numbers)


@pytest.mark.parametrize("pairs", [ALL_OF_6, SOME_OF_6, SOME_OF_6[:2]], ids=["all", "some", "few"])
@pytest.mark.parametrize("weighing", [{}, {"weighted": True}, {"normalize": True}], ids=["plain", "weights", "norm"])
def test_vectors_that_others_read_too_get_both_gradients(pairs, weighing):
    e_BFK = torch.randn(ROWS, 6, 7, generator=torch.Generator().manual_seed(2))
    factor_BFK = torch.randn(e_BFK.shape, generator=torch.Generator().manual_seed(3))
    layer = PairInteractions(pairs, 6, **{"normalize": False, "weighted": False} | weighing).train()
    if layer.alpha_P is not None:
        torch.nn.init.normal_(layer.alpha_P, generator=torch.Generator().manual_seed(4))
    twin = copy.deepcopy(layer).double()

    def sum_and_gradients(layer, vectors, is_beside):
        vectors = vectors.clone().requires_grad_()
        before = vectors.detach().clone()
        sum_B, read_by_others = layer.beside(vectors) if is_beside else (layer(vectors), vectors)
        weights = list(layer.parameters())
        total = sum_B.square().sum() + (read_by_others.square() * factor_BFK).sum()
        found = [sum_B, *torch.autograd.grad(total, [vectors, *weights])]
        assert torch.equal(vectors, before)
        return found

    numbers = [e_BFK.double(), *twin.parameters()]
    exact, allowed = moved_by_rounding(
        lambda: sum_and_gradients(twin, numbers[0], False), numbers, ROWS + 7 + len(pairs)
    )
    for is_beside in (True, False):
        for beside in zip(sum_and_gradients(layer, e_BFK, is_beside), exact, allowed, strict=True):
            assert_near(*beside)
    with torch.no_grad():
        assert_near(layer.beside(e_BFK)[0], exact[0], allowed[0])
