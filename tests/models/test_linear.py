"""The linear part read in place is the sum of the weights of a row's ids; so is its gradient."""

from contextlib import nullcontext

import pytest
import torch

from autofis_kedro.compiled import plain_torch
from autofis_kedro.models.embeddings import FieldTable
from autofis_kedro.models.linear import sum_of_weights
from tests.problems import most_reads, random_batch, schema_of
from tests.rounding import assert_rounded

POOLED = 5
"""Roundings of a multi-hot field's mean: at most four ids and a division."""


def problem(multi_hot):
    schema = schema_of([30, 6, 40, 7], multi_hot)
    table = FieldTable(schema, 1, "mean")
    with torch.no_grad():
        table.weight.copy_(torch.randn(table.weight.shape, generator=torch.Generator().manual_seed(0)))
    return table, random_batch(schema, 200)


def in_double_precision(multi_hot, factor_B, number):
    """Sum and gradient of the numbers that ``number`` makes of weights and factors."""
    table, batch = problem(multi_hot)
    with torch.no_grad():
        table.double().weight.copy_(number(table.weight))
    sum_B = table(batch).sum((1, 2))
    return sum_B, *torch.autograd.grad(sum_B, table.weight, number(factor_B.double()))


@pytest.mark.parametrize("who_computes", [nullcontext, plain_torch])
@pytest.mark.parametrize("multi_hot", [(), (1, 3)])
def test_sum_and_dense_gradient_are_those_of_the_vectors_of_width_one(multi_hot, who_computes):
    table, batch = problem(multi_hot)
    factor_B = torch.randn(200, generator=torch.Generator().manual_seed(1))
    with who_computes():
        found_B = sum_of_weights(table, batch)
        with torch.no_grad():
            predicted_B = sum_of_weights(table, batch)
    (gradient,) = torch.autograd.grad(found_B, table.weight, factor_B)
    exact_B, exact = in_double_precision(multi_hot, factor_B, lambda tensor: tensor)
    size_B, size = in_double_precision(multi_hot, factor_B, torch.abs)
    for sum_B in (found_B, predicted_B):
        assert_rounded(sum_B, exact_B, POOLED + 4, size_B)
    assert_rounded(gradient, exact, POOLED + most_reads(batch), size)


def test_a_kept_gradient_is_the_sums_for_each_read():
    table, batch = problem(())
    table.keep_gradient()
    factor_B = torch.randn(200)
    sum_of_weights(table, batch).backward(factor_B)
    assert table.weight.grad is None
    assert torch.equal(table.take_gradient().of_reads_ZK.view(200, 4), factor_B[:, None].expand(200, 4))
