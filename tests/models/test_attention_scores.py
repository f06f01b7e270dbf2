"""The scores of AFM's attention: the compiled and the plain function agree with the formula, and with differences."""

import copy
from itertools import combinations

import numba
import pytest
import torch

from autofis_kedro.models import attention_scores_numba
from autofis_kedro.models.attention import AttentionInteractions, weighted_products
from autofis_kedro.models.attention_scores import SortedPairs, TorchScores, attention_scores
from autofis_kedro.models.attention_scores_numba import CompiledScores
from autofis_kedro.models.spec import AttentionSpec
from tests.rounding import assert_near, assert_within, bound, likely, magnitudes, moved_by_rounding

SOME_PAIRS = [(0, 1), (0, 3), (0, 4), (1, 2), (2, 4)]


def problem(rows, pairs, size, units, dtype=torch.float32):
    """Vectors [B, F, K], pairs, W, b and h."""
    generator = torch.Generator().manual_seed(0)
    n_fields = max(map(max, pairs)) + 1
    shapes = ((rows, n_fields, size), (size, units), (units,), (units,))
    e_BFK, *network = (torch.randn(s, generator=generator, dtype=dtype, requires_grad=True) for s in shapes)
    return [e_BFK, SortedPairs(pairs), *network]


def by_the_formula(e_BFK, pairs, weight_KA, bias_A, h_A):
    pairs_2P = pairs.fields_2P
    return torch.relu(e_BFK[:, pairs_2P[0]] * e_BFK[:, pairs_2P[1]] @ weight_KA + bias_A) @ h_A


def differentiable(inputs):
    return [given for given in inputs if isinstance(given, torch.Tensor) and given.requires_grad]


def scores_and_gradients(function, inputs, factor_BP):
    score_BP = function(*inputs)
    return [score_BP.detach(), *torch.autograd.grad(score_BP, differentiable(inputs), factor_BP)]


def bounds(inputs, factor_BP, rows):
    """How far scores and gradients may be off in float32, in the order of ``scores_and_gradients``.

    Terms as the formula of the magnitudes has them; a hidden unit so near 0 that rounding may switch it may send back
    its gradient or none.
    """
    e_BFK, pairs, weight_KA, bias_A, h_A = inputs
    size, units = weight_KA.shape
    first_P, second_P = pairs.fields_2P
    with torch.no_grad():
        before_BPA = e_BFK.double()[:, first_P] * e_BFK.double()[:, second_P] @ weight_KA.double() + bias_A.double()
    e, weight, bias, h = large = magnitudes(e_BFK, weight_KA, bias_A, h_A)
    terms_BPA = e[:, first_P] * e[:, second_P] @ weight + bias
    may_switch_BPA = before_BPA.abs() <= bound(size + 2, terms_BPA.detach())
    is_on_BPA = (before_BPA > 0) | may_switch_BPA
    roundings = size + units + len(pairs) * rows + 8  # of a network's gradient, which adds up all products
    off_BPA = is_on_BPA * bound(roundings, 1.0) + may_switch_BPA
    scores = bound(size + units + 3, (terms_BPA * is_on_BPA).detach() @ h.detach())
    gradients = torch.autograd.grad((terms_BPA * off_BPA) @ h, large, factor_BP.double().abs())
    return [scores, *gradients]


@pytest.mark.parametrize("function", [TorchScores, CompiledScores])
@pytest.mark.parametrize(
    ("rows", "pairs", "size", "units"),
    [
        (1, [(0, 1)], 1, 1),
        (5, SOME_PAIRS, 3, 4),
        (700, list(combinations(range(10), 2)), 10, 128),
        (200, list(combinations(range(24), 2)), 40, 64),
        (30, list(combinations(range(39), 2)), 16, 20),
    ],
)
def test_scores_and_gradients_are_those_of_the_formula(function, rows, pairs, size, units):
    inputs = problem(rows, pairs, size, units)
    exact = [given.detach().double().requires_grad_() if isinstance(given, torch.Tensor) else given for given in inputs]
    factor_BP = torch.randn(rows, len(pairs), generator=torch.Generator().manual_seed(1))
    expected = scores_and_gradients(by_the_formula, exact, factor_BP.double())
    found = scores_and_gradients(function.apply, inputs, factor_BP)
    for numbers in zip(found, expected, bounds(inputs, factor_BP, rows), strict=True):
        assert_within(*numbers)
    for one, wanted in zip(found, expected, strict=True):  # no digit is lost by the way of adding up
        assert (one - wanted).norm() <= likely(size + units + len(pairs) * rows) * wanted.norm()


def test_gradients_are_those_of_differences(monkeypatch):
    e_BFK, pairs, *network = problem(3, SOME_PAIRS, 3, 5, torch.float64)
    monkeypatch.setattr("autofis_kedro.models.attention_scores.CHUNK", 60)  # two rows at a time, then one
    assert torch.autograd.gradcheck(lambda e, *rest: attention_scores(e, pairs, *rest), (e_BFK, *network))
    weight_BP = torch.randn(3, len(SOME_PAIRS), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda e, w: weighted_products(e, pairs.fields_2P, w), (e_BFK, weight_BP))


def rounded_product(a_NK, b_KA, bias_A):
    return (a_NK.double() @ b_KA.double() + bias_A.double()).float()


def test_compiled_results_depend_neither_on_the_number_of_threads_nor_on_the_rows_at_a_time(monkeypatch):
    inputs = problem(300, SOME_PAIRS, 8, 32)
    # a library's product may round otherwise for another number of rows: here by one that does not
    monkeypatch.setattr(attention_scores_numba, "fast_mm", rounded_product)
    factor_BP, before, found = torch.ones(300, len(SOME_PAIRS)), torch.get_num_threads(), []
    try:
        for threads, chunk in ((1, 1 << 20), (min(2, numba.get_num_threads()), 1 << 20), (1, 1 << 12)):
            torch.set_num_threads(threads)
            monkeypatch.setattr(attention_scores_numba, "CHUNK", chunk)
            found.append(scores_and_gradients(CompiledScores.apply, inputs, factor_BP))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(one, other) for one, *others in zip(*found, strict=True) for other in others)


def test_without_onednn_the_scores_are_the_same(monkeypatch):
    inputs = problem(40, SOME_PAIRS, 8, 32)
    exact = [given.detach().double() if isinstance(given, torch.Tensor) else given for given in inputs]
    scores, *_ = bounds(inputs, torch.ones(40, len(SOME_PAIRS)), 40)
    monkeypatch.setattr(torch.ops, "mkldnn", object())
    assert_within(CompiledScores.apply(*inputs), by_the_formula(*exact), scores)


def test_a_nan_is_not_hidden_by_the_compiled_function():
    e_BFK, pairs, *network = problem(4, SOME_PAIRS, 8, 32)
    with torch.no_grad():
        e_BFK[2, 0, 3] = torch.nan
    is_nan_B = CompiledScores.apply(e_BFK, pairs, *network).isnan()[:, 0]
    assert is_nan_B.tolist() == [False, False, True, False]


@pytest.mark.parametrize("pairs", [tuple(combinations(range(5), 2)), ((2, 4), (0, 1), (0, 3), (0, 4), (1, 2))])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_attention_over_any_pairs_in_any_order(pairs, dtype):
    attended = AttentionInteractions(pairs, 3, AttentionSpec(size=4, temperature=0.7)).to(dtype)
    for index, weight in enumerate(attended.parameters()):
        torch.nn.init.normal_(weight, generator=torch.Generator().manual_seed(index))
    e_BFK = torch.randn(7, 5, 3, generator=torch.Generator().manual_seed(9), dtype=dtype, requires_grad=True)
    twin, exact_BFK = copy.deepcopy(attended).double(), e_BFK.detach().double().requires_grad_()

    def by_hand():
        products = torch.stack([exact_BFK[:, i] * exact_BFK[:, j] for i, j in pairs], 1)
        scores = torch.relu(products @ twin.weight_KA + twin.bias) @ twin.score_A
        out_B = ((torch.softmax(scores / 0.7, 1)[..., None] * products).sum(1)) @ twin.projection_K
        return [out_B, *torch.autograd.grad(out_B.sum(), exact_BFK)]

    out_B = attended(e_BFK)
    found = [out_B, *torch.autograd.grad(out_B.sum(), e_BFK)]
    # three numbers of a product, four units, ten pairs, and softmax
    law = moved_by_rounding(by_hand, [exact_BFK, *twin.parameters()], 3 + 4 + len(pairs) + 8)
    for numbers in zip(found, *law, strict=True):
        assert_near(*numbers)
