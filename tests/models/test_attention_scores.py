"""The scores of AFM's attention: compiled and plain kernels agree, with each other and with the formula."""

from itertools import combinations

import numba
import pytest
import torch

from autofis_kedro.models.attention import AttentionInteractions
from autofis_kedro.models.attention_scores import TorchScores, attention_scores
from autofis_kedro.models.attention_scores_numba import NumbaScores
from autofis_kedro.models.spec import AttentionSpec


def problem(n, size, units, dtype=torch.float32, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shapes = ((n, size), (size, units), (units,), (units,))
    return [torch.randn(shape, generator=generator, dtype=dtype, requires_grad=True) for shape in shapes]


def by_the_formula(p_NK, weight_KA, bias_A, h_A):
    return torch.relu(p_NK @ weight_KA + bias_A) @ h_A


@pytest.mark.parametrize("kernels", [TorchScores(), NumbaScores()])
@pytest.mark.parametrize(("n", "size", "units"), [(1, 1, 1), (5, 3, 4), (9000, 10, 64), (17, 40, 128)])
def test_kernels_are_the_formula_and_its_gradients(kernels, n, size, units):
    inputs = problem(n, size, units)
    exact = [tensor.detach().double().requires_grad_() for tensor in inputs]
    expected = by_the_formula(*exact)
    factor = torch.randn(n, generator=torch.Generator().manual_seed(1))
    expected.backward(factor.double())
    plain = [tensor.detach() for tensor in inputs]
    torch.testing.assert_close(kernels.scores(*plain).double(), expected.detach(), rtol=1e-4, atol=1e-4)
    for found, wanted in zip(kernels.gradients(*plain, factor), exact, strict=True):
        torch.testing.assert_close(found.double(), wanted.grad, rtol=1e-3, atol=1e-3)


def test_gradients_are_those_of_differences():
    assert torch.autograd.gradcheck(attention_scores, problem(6, 3, 5, torch.float64))


def test_compiled_results_do_not_depend_on_the_number_of_threads():
    inputs = [tensor.detach() for tensor in problem(500, 8, 32)]
    factor, before, found = torch.ones(500), torch.get_num_threads(), []
    try:
        for threads in (1, min(2, numba.get_num_threads())):
            torch.set_num_threads(threads)
            found.append([NumbaScores().scores(*inputs), *NumbaScores().gradients(*inputs, factor)])
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


@pytest.mark.parametrize("pairs", [tuple(combinations(range(5), 2)), ((2, 4), (0, 1), (0, 3), (0, 4), (1, 2))])
def test_attention_over_any_pairs_in_any_order(pairs):
    attended = AttentionInteractions(pairs, 3, AttentionSpec(size=4, temperature=0.7)).double()
    for index, weight in enumerate(attended.parameters()):
        torch.nn.init.normal_(weight, generator=torch.Generator().manual_seed(index))
    e_BFK = torch.randn(7, 5, 3, generator=torch.Generator().manual_seed(9), dtype=torch.float64, requires_grad=True)
    products = torch.stack([e_BFK[:, i] * e_BFK[:, j] for i, j in pairs], 1)
    scores = torch.relu(products @ attended.weight_KA + attended.bias) @ attended.score_A
    by_hand = ((torch.softmax(scores / 0.7, 1)[..., None] * products).sum(1)) @ attended.projection_K
    torch.testing.assert_close(attended(e_BFK), by_hand)
    found, expected = (
        torch.autograd.grad(out.sum(), e_BFK, retain_graph=True)[0] for out in (attended(e_BFK), by_hand)
    )
    torch.testing.assert_close(found, expected)
