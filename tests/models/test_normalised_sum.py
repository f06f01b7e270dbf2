"""The weighted sum of normalised interactions in one operation is that of its parts."""

import pytest
import torch

from autofis_kedro.models.normalised_sum import normalised_sum
from tests.models.batch_norm_bounds import FEW, RoundedBatchNorm
from tests.rounding import assert_within, bound

EPS = 1e-3


def in_parts(z_BP, weight_P):
    """By autograd, step by step."""
    variance_P, mean_P = torch.var_mean(z_BP, 0, correction=0)
    return ((z_BP - mean_P) * (variance_P + EPS).rsqrt()) @ weight_P, (mean_P, variance_P)


@pytest.mark.parametrize("is_plain", [True, False])
@pytest.mark.parametrize(("rows", "interactions", "mean"), [(300, 20, 0.0), (7, 40, 3.0), (50, 1, -2.0), (1, 5, 1.0)])
def test_value_statistics_and_gradients_are_those_of_the_parts(rows, interactions, mean, is_plain, monkeypatch):
    monkeypatch.setattr("autofis_kedro.compiled._is_plain", is_plain)
    generator = torch.Generator().manual_seed(0)
    z_BP = torch.randn(rows, interactions, generator=generator) + mean
    weight_P, factor_B = (torch.randn(n, generator=generator) for n in (interactions, rows))
    found_parts = [z_BP.requires_grad_(), weight_P.requires_grad_()]
    exact_parts = [part.detach().double().requires_grad_() for part in found_parts]
    found_B, found_statistics = normalised_sum(*found_parts, EPS)
    exact_B, exact_statistics = in_parts(*exact_parts)
    law, weight = RoundedBatchNorm(z_BP.detach().double(), EPS), weight_P.detach().double()
    summed = (law.y.error + bound(interactions + FEW, law.size_BU)) @ weight.abs()
    for found, exact, allowed in zip(
        (found_B, *found_statistics),
        (exact_B, *exact_statistics),
        (summed, law.mean.error, law.variance.error),
        strict=True,
    ):
        assert_within(found, exact, allowed)
    gradients = torch.autograd.grad(found_B, found_parts, factor_B)
    expected = torch.autograd.grad(exact_B, exact_parts, factor_B.double())
    g_BP = factor_B.double()[:, None].expand(rows, interactions)
    allowed = law.into_z(g_BP * weight).error, law.into_factor(g_BP).error
    for found, exact, off in zip(gradients, expected, allowed, strict=True):
        assert_within(found, exact, off)


def test_gradients_are_those_of_differences():
    parts = [torch.randn(6, 4, dtype=torch.float64), torch.randn(4, dtype=torch.float64)]
    parts = [part.requires_grad_() for part in parts]
    assert torch.autograd.gradcheck(lambda z, weight: normalised_sum(z, weight, EPS)[0], parts)
