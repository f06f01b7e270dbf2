"""Batch norm, scale, bias and relu in one operation are those of its parts."""

import pytest
import torch

from autofis_kedro.models.norm import PlainBatchNorm
from tests.models.batch_norm_bounds import FEW, RoundedBatchNorm
from tests.rounding import assert_within, bound

ROWS, UNITS = 70, 9


def problem(mean):
    generator = torch.Generator().manual_seed(0)
    z_BU = torch.randn(ROWS, UNITS, generator=generator) + mean
    scale_U, bias_U = torch.randn(2, UNITS, generator=generator)
    return [z_BU, scale_U, bias_U], torch.randn(ROWS, UNITS, generator=generator)


def in_parts(z_BU, scale_U, bias_U):
    variance_U, mean_U = torch.var_mean(z_BU, 0, correction=0)
    return torch.relu(scale_U * (z_BU - mean_U) * (variance_U + 1e-3).rsqrt() + bias_U)


def batch_norm_of(z_BU, scale_U, bias_U):
    """The law of the batch norm, and how far the value before the relu may be off."""
    law = RoundedBatchNorm(z_BU.detach(), 1e-3)
    size_BU = law.size_BU * scale_U.detach().abs() + bias_U.detach().abs()
    return law, law.y.error * scale_U.detach().abs() + bound(FEW, size_BU)


def gradient_bounds(z_BU, scale_U, bias_U, factor_BU):
    """Of z, scale and bias; a unit so near 0 that rounding may switch it may have its gradient or none."""
    law, allowed_BU = batch_norm_of(z_BU, scale_U, bias_U)
    scale_U, factor_BU = scale_U.detach(), factor_BU.double()
    before_BU = scale_U * law.y.value + bias_U.detach()
    g_BU, error_BU = factor_BU * (before_BU > 0), factor_BU.abs() * (before_BU.abs() <= allowed_BU)
    into_z = law.into_z(g_BU * scale_U, error_BU * scale_U.abs())
    into_bias = bound(len(g_BU), g_BU.abs().sum(0)) + error_BU.sum(0)
    return into_z.error, law.into_factor(g_BU, error_BU).error, into_bias


@pytest.mark.parametrize("is_plain", [True, False])
@pytest.mark.parametrize("mean", [0.0, 3.0])
def test_values_statistics_and_gradients_are_those_of_the_parts(mean, is_plain, monkeypatch):
    monkeypatch.setattr("autofis_kedro.compiled._is_plain", is_plain)
    parts, factor_BU = problem(mean)
    parts = [part.requires_grad_() for part in parts]
    exact_parts = [part.detach().double().requires_grad_() for part in parts]
    norm = PlainBatchNorm(UNITS, momentum=1.0)
    found_BU, exact_BU = norm.relu(*parts), in_parts(*exact_parts)
    law, allowed_BU = batch_norm_of(*exact_parts)
    assert_within(found_BU, exact_BU, allowed_BU)
    assert_within(norm.mean_U, exact_parts[0].mean(0), law.mean.error)
    assert_within(norm.variance_U, exact_parts[0].var(0, correction=0), law.variance.error)
    gradients = torch.autograd.grad(found_BU, parts, factor_BU)
    expected = torch.autograd.grad(exact_BU, exact_parts, factor_BU.double())
    for name, found, exact, allowed in zip(
        ("z", "scale", "bias"), gradients, expected, gradient_bounds(*exact_parts, factor_BU), strict=True
    ):
        assert_within(found, exact, allowed, name)


@pytest.mark.parametrize("mean", [0.0, 3.0])
def test_in_bfloat16_only_what_comes_in_and_out_is_rounded(mean):
    (z_BU, scale_U, bias_U), factor_BU = problem(mean)
    halves = [z_BU.bfloat16().requires_grad_(), scale_U.requires_grad_(), bias_U.requires_grad_()]
    exact = [part.detach().double().requires_grad_() for part in halves]
    found_BU, exact_BU = PlainBatchNorm(UNITS).relu(*halves), in_parts(*exact)
    assert found_BU.dtype == torch.bfloat16
    _, allowed_BU = batch_norm_of(*exact)
    assert_within(found_BU, exact_BU, bound(1, exact_BU.detach(), torch.bfloat16) + 2 * allowed_BU)
    gradients = torch.autograd.grad(found_BU, halves, factor_BU.bfloat16())
    expected = torch.autograd.grad(exact_BU, exact, factor_BU.bfloat16().double())
    assert [gradient.dtype for gradient in gradients] == [torch.bfloat16, torch.float32, torch.float32]
    into_z, *into_others = gradient_bounds(*exact, factor_BU.bfloat16())
    into_z = into_z * 2 + bound(1, expected[0].abs(), torch.bfloat16)
    for gradient, of, allowed in zip(gradients, expected, (into_z, *into_others), strict=True):
        assert_within(gradient, of, allowed)


def test_a_value_that_is_not_a_number_shows():
    parts, _ = problem(0.0)
    parts[0][3, 2] = float("nan")
    assert PlainBatchNorm(UNITS).relu(*parts)[:, 2].isnan().all()


def test_other_types_are_left_to_torch():
    (z_BU, scale_U, bias_U), _ = problem(0.0)
    parts = [z_BU.bfloat16(), scale_U.double(), bias_U.double()]
    found_BU = PlainBatchNorm(UNITS).double().relu(*parts)
    exact_BU = in_parts(parts[0].double(), *parts[1:])
    assert found_BU.dtype == torch.float64
    torch.testing.assert_close(found_BU, exact_BU)  # in float64
