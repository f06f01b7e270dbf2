"""FFM's products: compiled and plain kernels agree, with each other and with the formula."""

from itertools import combinations

import numba
import pytest
import torch

from autofis_kedro.models import field_aware
from autofis_kedro.models.embeddings import FieldTable
from autofis_kedro.models.field_aware import FieldAwareInteractions, field_aware_products
from autofis_kedro.models.field_aware_numba import gradient_of_reads, products
from tests.problems import most_reads, random_batch, schema_of, taken_gradient
from tests.rounding import assert_rounded

ALL_OF_5 = tuple(combinations(range(5), 2))
SOME_OF_5 = ((2, 4), (0, 1), (4, 3))


def problem(size, multi_hot=(), pairs=ALL_OF_5):
    """A table of five fields, its interactions, a batch of 300 rows and a factor of each product."""
    schema = schema_of([50, 6, 40, 7, 9], multi_hot)
    table = FieldTable(schema, 5 * size, "mean")
    torch.nn.init.normal_(table.weight, generator=torch.Generator().manual_seed(0))
    interactions = FieldAwareInteractions(pairs, normalize=False, weighted=False)
    factor_BP = torch.randn(300, len(pairs), generator=torch.Generator().manual_seed(1))
    return table, interactions, random_batch(schema, 300), factor_BP


POOLED = 5
"""Roundings of a multi-hot field's mean: at most four ids and a division."""


def of_magnitudes(table):
    """The table's magnitudes: what is made of them is as large as its terms are together."""
    with torch.no_grad():
        table.weight.abs_()
    return table


def by_the_formula(table, batch, pairs):
    """In float64, vector by vector."""
    v_BFX = table.double()(batch)
    toward = v_BFX.view(*v_BFX.shape[:2], 5, -1).unbind(2)
    return torch.stack([(toward[j][:, i] * toward[i][:, j]).sum(1) for i, j in pairs], 1)


@pytest.mark.parametrize("is_compiled", [True, False])
@pytest.mark.parametrize("multi_hot", [(), (1, 3)])
@pytest.mark.parametrize("pairs", [ALL_OF_5, SOME_OF_5])
@pytest.mark.parametrize("size", [1, 3, 4, 10])
def test_products_and_gradients_are_the_formulas(size, pairs, multi_hot, is_compiled, monkeypatch):
    table, interactions, batch, factor_BP = problem(size, multi_hot, pairs)
    twin, large = problem(size, multi_hot, pairs)[0], of_magnitudes(problem(size, multi_hot, pairs)[0])
    expected_BP, size_BP = by_the_formula(twin, batch, pairs), by_the_formula(large, batch, pairs)
    expected_BP.backward(factor_BP.double())
    size_BP.backward(factor_BP.double().abs())
    monkeypatch.setattr(field_aware, "is_compiled", lambda table_NX: is_compiled)
    found_BP = interactions.products((table, batch))
    found_BP.backward(factor_BP)
    assert_rounded(found_BP, expected_BP, size + 2 * POOLED, size_BP)
    assert_rounded(table.weight.grad, twin.weight.grad, 2 + 2 * POOLED + most_reads(batch), large.weight.grad)


@pytest.mark.parametrize("multi_hot", [(), (1, 3)])
def test_gradients_handed_over_by_read_sum_to_the_formulas(multi_hot):
    table, interactions, whole, _ = problem(4, multi_hot)
    table.keep_gradient()
    for batch in (whole, random_batch(schema_of([50, 6, 40, 7, 9], multi_hot), 20, seed=5)):
        twin, large = problem(4, multi_hot)[0], of_magnitudes(problem(4, multi_hot)[0])
        for exact in (twin, large):
            by_the_formula(exact, batch, ALL_OF_5).sum().backward()
        interactions((table, batch)).sum().backward()
        summed = taken_gradient(table, batch)
        assert_rounded(summed, twin.weight.grad, 2 + 2 * POOLED + most_reads(batch), large.weight.grad)
        assert table.weight.grad is None


def test_gradients_are_those_of_differences():
    v_BFX = torch.randn(3, 5, 10, dtype=torch.float64, requires_grad=True)
    for pairs in (ALL_OF_5, SOME_OF_5):
        assert torch.autograd.gradcheck(lambda v, p=pairs: field_aware_products(v, torch.tensor(p).T), (v_BFX,))


def test_compiled_results_do_not_depend_on_the_number_of_threads():
    table, interactions, batch, factor_BP = problem(4)
    inputs = table.weight, batch.one_hot_BO, interactions.pairs_2P
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, min(2, numba.get_num_threads())):
            torch.set_num_threads(threads)
            into_ZX = torch.empty(batch.one_hot_BO.numel(), 20)
            gradient_of_reads(*inputs, factor_BP, into_ZX)
            found.append((products(*inputs), into_ZX))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


def test_a_vector_that_is_not_a_number_shows():
    table, interactions, batch, _ = problem(4)
    with torch.no_grad():
        table.weight[batch.one_hot_BO[7, 2]] = torch.nan
        assert interactions((table, batch))[7].isnan()
