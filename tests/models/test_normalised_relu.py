"""Batch norm, scale, bias and relu in one operation are those of its parts."""

import pytest
import torch

from autofis_kedro.models.norm import PlainBatchNorm

ROWS, UNITS = 70, 9


def problem(mean):
    generator = torch.Generator().manual_seed(0)
    z_BU = torch.randn(ROWS, UNITS, generator=generator) + mean
    scale_U, bias_U = torch.randn(2, UNITS, generator=generator)
    return [z_BU, scale_U, bias_U], torch.randn(ROWS, UNITS, generator=generator)


def in_parts(z_BU, scale_U, bias_U):
    variance_U, mean_U = torch.var_mean(z_BU, 0, correction=0)
    return torch.relu(scale_U * (z_BU - mean_U) * (variance_U + 1e-3).rsqrt() + bias_U)


@pytest.mark.parametrize("is_plain", [True, False])
@pytest.mark.parametrize("mean", [0.0, 3.0])
def test_values_statistics_and_gradients_are_those_of_the_parts(mean, is_plain, monkeypatch):
    monkeypatch.setattr("autofis_kedro.compiled._is_plain", is_plain)
    parts, factor_BU = problem(mean)
    parts = [part.requires_grad_() for part in parts]
    exact_parts = [part.detach().double().requires_grad_() for part in parts]
    norm = PlainBatchNorm(UNITS, momentum=1.0)
    found_BU, exact_BU = norm.relu(*parts), in_parts(*exact_parts)
    torch.testing.assert_close(found_BU.double(), exact_BU, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(norm.mean_U.double(), exact_parts[0].mean(0), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(norm.variance_U.double(), exact_parts[0].var(0, correction=0), rtol=1e-5, atol=1e-5)
    gradients = torch.autograd.grad(found_BU, parts, factor_BU)
    expected = torch.autograd.grad(exact_BU, exact_parts, factor_BU.double())
    for found, exact in zip(gradients, expected, strict=True):
        torch.testing.assert_close(found.double(), exact, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("mean", [0.0, 3.0])
def test_in_bfloat16_only_what_comes_in_and_out_is_rounded(mean):
    (z_BU, scale_U, bias_U), factor_BU = problem(mean)
    halves = [z_BU.bfloat16().requires_grad_(), scale_U.requires_grad_(), bias_U.requires_grad_()]
    exact = [part.detach().double().requires_grad_() for part in halves]
    found_BU, exact_BU = PlainBatchNorm(UNITS).relu(*halves), in_parts(*exact)
    assert found_BU.dtype == torch.bfloat16
    assert (found_BU - exact_BU).norm() <= 2.0**-8 * exact_BU.norm()
    gradients = torch.autograd.grad(found_BU, halves, factor_BU.bfloat16())
    expected = torch.autograd.grad(exact_BU, exact, factor_BU.bfloat16().double())
    assert [gradient.dtype for gradient in gradients] == [torch.bfloat16, torch.float32, torch.float32]
    for gradient, of, bound in zip(gradients, expected, (2.0**-8, 1e-5, 1e-5), strict=True):
        assert (gradient - of).norm() <= bound * of.norm()


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
    torch.testing.assert_close(found_BU, exact_BU)
