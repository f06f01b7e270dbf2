"""The composed model and its gradients equal the published formula."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autofis_kedro.models.pair_products import pair_products
from autofis_kedro.models.pair_sum import sum_of_all_pair_products
from autofis_kedro.models.triples import by_first_field, sum_of_all_triple_products, triple_products
from autofis_kedro.optim.row_kernels_numba import NumbaKernels
from tests.models.sized_logits import logits_and_bounds
from tests.models.zoo import SPECS, shaken
from tests.problems import (
    all_pairs,
    all_triples,
    random_batch,
    random_examples,
    schema_of,
    taken_gradient,
)
from tests.rounding import assert_near, assert_rounded, assert_within, moved_by_rounding


@pytest.mark.parametrize("multi_hot", [(), (1,), (0, 3)])
@pytest.mark.parametrize("name", SPECS)
def test_logits_equal_the_formula(name, multi_hot):
    schema = schema_of([5, 6, 4, 7], multi_hot)
    examples = random_examples(schema, 9, seed=3)
    for pairs, triples in ((None, None), (((0, 2), (1, 3)), ((0, 1, 3), (1, 2, 3)))):
        model = shaken(SPECS[name], schema, pairs, triples)
        by_hand, allowed = logits_and_bounds(model, examples)
        for is_training in (True, False):
            with torch.set_grad_enabled(is_training):
                logits = model(random_batch(schema, 9, seed=3)).detach().numpy()
            assert_within(logits, by_hand, allowed, name)


@given(st.integers(2, 7), st.integers(1, 5), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_fm_is_half_of_square_of_sum_minus_sum_of_squares(fields, dim, seed):
    e_BFK = torch.randn(4, fields, dim, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    by_pair = sum((e_BFK[:, i] * e_BFK[:, j]).sum(1) for i, j in all_pairs(fields))
    torch.testing.assert_close(sum_of_all_pair_products(e_BFK), by_pair)
    pairs_2P = torch.tensor(all_pairs(fields)).T
    torch.testing.assert_close(pair_products(e_BFK, pairs_2P).sum(1), by_pair)


def test_gradient_of_pair_products():
    e_BFK = torch.randn(3, 4, 2, dtype=torch.float64, requires_grad=True)
    for pairs in (all_pairs(4), ((0, 3), (1, 2))):
        assert torch.autograd.gradcheck(lambda e, p=pairs: pair_products(e, torch.tensor(p).T), (e_BFK,))


@given(st.integers(3, 7), st.integers(1, 4), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_the_sum_of_all_triples_is_newtons_identity(fields, dim, seed):
    e_BFK = torch.randn(4, fields, dim, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    firsts = by_first_field(all_triples(fields))
    torch.testing.assert_close(sum_of_all_triple_products(e_BFK), triple_products(e_BFK, firsts).sum(1))


def test_one_large_vector_costs_the_sum_of_all_triples_no_digits():
    e_BFK = 0.05 * torch.randn(50, 39, 8, generator=torch.Generator().manual_seed(0))
    e_BFK[:, 3] *= 400
    firsts = by_first_field(all_triples(39))
    exact_B = triple_products(e_BFK.double(), firsts).sum(1)
    # in double precision but for the result: rounded once
    assert_rounded(sum_of_all_triple_products(e_BFK), exact_B, 1.001, exact_B.abs())


@given(st.integers(3, 7), st.integers(1, 4), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_triple_products_and_their_gradients(fields, dim, seed):
    generator = torch.Generator().manual_seed(seed)
    e_BFK = torch.randn(2, fields, dim, dtype=torch.float64, generator=generator, requires_grad=True)
    triples = [t for t in all_triples(fields) if torch.rand(1, generator=generator) < 0.7] or [(0, 1, 2)]
    firsts = by_first_field(triples)
    by_hand = torch.stack([(e_BFK[:, i] * e_BFK[:, j] * e_BFK[:, n]).sum(1) for i, j, n in triples], 1)
    torch.testing.assert_close(triple_products(e_BFK, firsts), by_hand)
    assert torch.autograd.gradcheck(lambda e: triple_products(e, firsts), (e_BFK,))


@pytest.mark.parametrize("name", ["afm", "ffm", "pin", "ipnn", "autofm_3rd", "fwfm", "fwfm_field_vectors"])
def test_gradients_are_those_of_the_logit(name):
    schema = schema_of([3, 4, 3], (1,))
    spec = SPECS[name].model_copy(update={"normalize": False})
    model = shaken(spec, schema).double()
    batch = random_batch(schema, 3)
    names = [key for key, _ in model.named_parameters()]

    def logits(*weights):
        return torch.func.functional_call(model, dict(zip(names, weights, strict=True)), (batch,))

    weights = [w.detach().clone().requires_grad_() for w in model.parameters()]
    assert torch.autograd.gradcheck(logits, weights)


@pytest.mark.parametrize("is_grouped", [False, True])
@pytest.mark.parametrize("multi_hot", [(), (2,)])
@pytest.mark.parametrize("name", ["fm", "deepfm", "autofm", "autodeepfm", "ffm", "ffm_with_gates", "fm_3rd"])
def test_gradients_kept_for_the_optimizer_sum_to_autograds(name, multi_hot, is_grouped):
    schema = schema_of([5, 6, 4, 7], multi_hot)
    model, twin = shaken(SPECS[name], schema).double(), shaken(SPECS[name], schema)
    for table in twin.tables:
        table.keep_gradient()

    def gradients():
        model.zero_grad(set_to_none=True)
        model(batch).square().sum().backward()
        return [table.weight.grad for table in model.tables]

    for seed in range(3):
        batch = random_batch(schema, 11, seed)
        for table in twin.tables if is_grouped else ():
            table.begin(batch, NumbaKernels().group(batch.ids_Z, len(table.weight)))
        twin.zero_grad(set_to_none=True)
        twin(batch).square().sum().backward()
        # a row's reads, four fields or hidden units of three inputs, and what is made of weights alone
        law = moved_by_rounding(gradients, list(model.parameters()), 11 * 4 + 20)
        for table, exact, allowed in zip(twin.tables, *law, strict=True):
            assert table.weight.grad is None
            assert_near(taken_gradient(table, batch), exact, allowed)


@pytest.mark.parametrize("multi_hot", [(), (2,)])
@pytest.mark.parametrize("name", ["fm", "ipnn", "ffm"])
def test_another_batch_than_begin_was_told_is_refused(name, multi_hot):
    schema = schema_of([5, 6, 4, 7], multi_hot)
    model, batch = shaken(SPECS[name], schema), random_batch(schema, 11)
    for table in model.tables:
        table.keep_gradient()
        table.begin(batch, NumbaKernels().group(batch.ids_Z, len(table.weight)))
    with pytest.raises(AssertionError, match="another batch"):
        model(random_batch(schema, 11, 1))


@pytest.mark.parametrize("name", ["ipnn", "ffm", "autofm"])
def test_a_second_backward_pass_of_a_batch_is_refused(name):
    schema = schema_of([5, 6, 4, 7])
    model, batch = shaken(SPECS[name], schema), random_batch(schema, 11)
    for table in model.tables:
        table.keep_gradient()
    loss = model(batch).sum()
    loss.backward(retain_graph=True)
    with pytest.raises(AssertionError, match="two backward passes"):
        loss.backward()
