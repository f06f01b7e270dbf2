"""Matrix products are the same whatever computes them."""

import pytest
import torch

from autofis_kedro.models import matmul as module
from autofis_kedro.models.matmul import fast_mm, matmul, onednn_is_faster
from tests.rounding import assert_rounded, assert_within, bound, magnitudes

SHAPES = [(300, 200, 150), (150, 300, 200), (40, 3, 5), (1, 500, 400), (600, 700, 1)]


def factors(rows, inner, columns, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    shapes = ((rows, inner), (inner, columns), (columns,))
    return [torch.randn(shape, dtype=dtype, generator=generator).requires_grad_() for shape in shapes]


def value_and_gradients(function, parts):
    out = function(*parts)
    factor = torch.rand(out.shape, generator=torch.Generator().manual_seed(1)).to(out.dtype)
    return [out, *torch.autograd.grad(out, parts, factor)]


@pytest.mark.parametrize("by_onednn", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_products_and_gradients_are_those_of_float64(shape, by_onednn, monkeypatch):
    if by_onednn and not (torch._C._has_mkldnn and hasattr(torch.ops.mkldnn, "_linear_pointwise")):
        pytest.skip("torch without oneDNN")
    monkeypatch.setattr(module, "onednn_is_faster", lambda: by_onednn)
    parts = factors(*shape)
    exact_parts = [part.detach().double().requires_grad_() for part in parts]
    exact, size = (
        value_and_gradients(lambda a, b, bias: a @ b + bias, given) for given in (exact_parts, magnitudes(*parts))
    )
    rows, inner, columns = shape
    found = value_and_gradients(matmul, parts)
    for n_terms, *numbers in zip((inner + 1, columns, rows, rows), found, exact, size, strict=True):
        assert_rounded(*numbers[:2], n_terms, numbers[2])


def test_gradients_are_those_of_differences():
    assert torch.autograd.gradcheck(matmul, factors(4, 3, 2, torch.float64))


@pytest.mark.parametrize("shape", SHAPES)
def test_bfloat16_rounds_factors_and_results_and_nothing_else(shape):
    parts = factors(*shape)
    rounded = [part.detach().bfloat16().double().requires_grad_() for part in parts[:2]]
    exact = rounded[0] @ rounded[1] + parts[2].double()
    found = matmul(*parts, precision="bfloat16")
    assert found.dtype == torch.bfloat16
    # what is left is the rounding of the result and of the bias to 8 bits; sums are those of float32
    rows, inner, columns = shape
    large = magnitudes(*(part.bfloat16() for part in parts[:2]))
    size = large[0] @ large[1] + parts[2].double().abs()
    eighth_bit = bound(1, exact.abs() + parts[2].double().abs(), torch.bfloat16)
    assert_within(found, exact, eighth_bit + 2 * bound(inner + 1, size))
    gradients = [
        torch.autograd.grad(out.sum(), of) for out, of in ((found, parts[:2]), (exact, rounded), (size, large))
    ]
    for n_terms, gradient, expected, of in zip((columns, rows), *gradients, strict=True):
        assert_within(gradient, expected, bound(1, expected.abs(), torch.bfloat16) + 2 * bound(n_terms, of))


def test_transposed_views_are_multiplied_as_they_are():
    a, b = torch.randn(400, 300), torch.randn(400, 250)
    for one, other in ((a, b), (b, a)):
        exact, size = one.double().T @ other.double(), one.double().abs().T @ other.double().abs()
        assert_rounded(fast_mm(one.T, other), exact, 400, size)


def test_the_choice_is_the_processors_and_stays():
    assert onednn_is_faster() is onednn_is_faster()
