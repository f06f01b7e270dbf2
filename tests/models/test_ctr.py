"""The composed model equals its published formula."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autofis_kedro.errors import UserError
from autofis_kedro.models import AttentionSpec, CTRModel, MLPSpec, ModelSpec, PairNetworkSpec
from autofis_kedro.models.pair_products import pair_products
from autofis_kedro.models.pair_sum import sum_of_all_pair_products
from autofis_kedro.models.triples import sum_of_all_triple_products, triple_products
from tests.problems import all_pairs, all_triples, logits_by_hand, random_batch, random_examples, schema_of

SPECS = {
    "lr": ModelSpec(order=1, embedding_dim=3),
    "fm": ModelSpec(embedding_dim=3),
    "fm_sum_pooling": ModelSpec(embedding_dim=3, pooling="sum"),
    "autofm": ModelSpec(embedding_dim=3, normalize=True, weighting="learned"),
    "alpha_only": ModelSpec(embedding_dim=3, weighting="learned"),
    "norm_only": ModelSpec(embedding_dim=3, normalize=True),
    "deepfm": ModelSpec(embedding_dim=3, mlp=MLPSpec(hidden=(5, 4))),
    "deepfm_affine": ModelSpec(embedding_dim=3, mlp=MLPSpec(hidden=(5, 4), normalization="affine")),
    "deepfm_no_norm": ModelSpec(embedding_dim=3, mlp=MLPSpec(hidden=(5,), normalization="none")),
    "autodeepfm": ModelSpec(embedding_dim=3, normalize=True, weighting="learned", mlp=MLPSpec(hidden=(5,))),
    "fwfm": ModelSpec(embedding_dim=3, weighting="learned", alpha_initial=0.7),
    "fwfm_field_vectors": ModelSpec(
        embedding_dim=3, weighting="learned", alpha_initial=0.7, linear_form="field_vectors"
    ),
    "afm": ModelSpec(
        embedding_dim=3,
        weighting="attention",
        attention=AttentionSpec(size=4, temperature=0.7, dropout=0.2, weight_dropout=0.3),
    ),
    "ffm": ModelSpec(embedding_dim=2, field_aware=True),
    "ffm_with_gates": ModelSpec(embedding_dim=2, field_aware=True, normalize=True, weighting="learned"),
    "ipnn": ModelSpec(embedding_dim=3, linear=False, feeds="mlp", mlp=MLPSpec(hidden=(5,))),
    "ipnn_layer_norm": ModelSpec(
        embedding_dim=3, linear=False, feeds="mlp", mlp=MLPSpec(hidden=(5, 4), normalization="layer")
    ),
    "pin": ModelSpec(
        embedding_dim=3,
        linear=False,
        feeds="mlp",
        pair_network=PairNetworkSpec(hidden=4, out=2),
        mlp=MLPSpec(hidden=(5,)),
    ),
    "fm_3rd": ModelSpec(order=3, embedding_dim=3),
    "fm_3rd_shared": ModelSpec(order=3, embedding_dim=3, triple_table="shared"),
    "autofm_3rd": ModelSpec(order=3, embedding_dim=3, normalize=True, weighting="learned"),
    "autodeepfm_3rd": ModelSpec(
        order=3, embedding_dim=3, normalize=True, weighting="learned", mlp=MLPSpec(hidden=(5,))
    ),
    "ipnn_3rd": ModelSpec(order=3, embedding_dim=3, linear=False, feeds="mlp", mlp=MLPSpec(hidden=(5,))),
}


def shaken(spec, schema, pairs=None, triples=None, seed=1):
    """A model in which no weight or statistic is at a special value."""
    model = CTRModel(spec, schema, pairs, triples, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in [*model.parameters(), *(b for b in model.buffers() if b.is_floating_point())]:
            tensor.add_(0.3 * torch.rand(tensor.shape, generator=generator))
    return model.eval()


@pytest.mark.parametrize("multi_hot", [(), (1,), (0, 3)])
@pytest.mark.parametrize("name", SPECS)
def test_logits_equal_the_formula(name, multi_hot):
    schema = schema_of([5, 6, 4, 7], multi_hot)
    examples = random_examples(schema, 9, seed=3)
    for pairs, triples in ((None, None), (((0, 2), (1, 3)), ((0, 1, 3), (1, 2, 3)))):
        model = shaken(SPECS[name], schema, pairs, triples)
        by_hand = logits_by_hand(model, examples)
        for is_training in (True, False):
            with torch.set_grad_enabled(is_training):
                logits = model(random_batch(schema, 9, seed=3)).detach().numpy()
            np.testing.assert_allclose(logits, by_hand, rtol=1e-5, atol=1e-5)


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


@pytest.mark.parametrize("name", ["autofm", "alpha_only", "autodeepfm", "fwfm", "ffm_with_gates", "autofm_3rd"])
def test_a_closed_gate_equals_a_removed_interaction(name):
    schema = schema_of([5, 6, 4, 7])
    model = shaken(SPECS[name], schema)
    kept = {2: ((0, 1), (1, 3), (2, 3)), 3: ((0, 1, 2), (1, 2, 3))}
    places = {2: [all_pairs(4).index(pair) for pair in kept[2]], 3: [all_triples(4).index(t) for t in kept[3]]}
    with torch.no_grad():
        for order, gates in enumerate(model.all_gates, 2):
            closed = torch.ones(len(gates), dtype=torch.bool)
            closed[places[order]] = False
            gates[closed] = 0.0
    removed = CTRModel(SPECS[name], schema, kept[2], kept[3]).eval()
    order_of = {"interactions": 2, "triples": 3}
    state = {
        k: v[places[order_of[k.split(".")[0]]]] if k.split(".")[0] in order_of else v
        for k, v in model.state_dict().items()
    }
    removed.load_state_dict(state)
    batch = random_batch(schema, 20)
    torch.testing.assert_close(removed(batch), model(batch))


def with_weights_of(spec, model):
    """A model of another spec with the weights that both have."""
    twin = CTRModel(spec, model.schema)
    shared = {k: v for k, v in model.state_dict().items() if k in twin.state_dict()}
    twin.load_state_dict(twin.state_dict() | shared)
    return twin.eval()


def test_fwfm_with_weights_one_equals_fm():
    schema = schema_of([5, 6, 4], (1,))
    fm = shaken(SPECS["fm"], schema)
    fwfm = with_weights_of(SPECS["fwfm"], fm)
    with torch.no_grad():
        fwfm.gates.fill_(1.0)
    batch = random_batch(schema, 20)
    torch.testing.assert_close(fwfm(batch), fm(batch))


def test_afm_with_constant_attention_equals_fm_divided_by_its_pairs():
    schema = schema_of([5, 6, 4, 5], (1,))
    fm = shaken(SPECS["fm"], schema)
    afm = with_weights_of(SPECS["afm"], fm)
    with torch.no_grad():
        afm.interactions.score_A.zero_()
        afm.interactions.projection_K.fill_(1.0)
    batch = random_batch(schema, 20)
    linear = with_weights_of(SPECS["lr"], fm)(batch)
    torch.testing.assert_close((afm(batch) - linear) * 6, fm(batch) - linear)


@pytest.mark.parametrize("part", ["dropout", "weight_dropout"])
def test_afm_drops_in_training_alone_and_nothing_on_average(part):
    schema = schema_of([5, 6, 4, 5])
    spec = ModelSpec(embedding_dim=3, weighting="attention", attention=AttentionSpec(size=4, **{part: 0.4}))
    model, batch = shaken(spec, schema), random_batch(schema, 1)
    torch.manual_seed(0)
    with torch.no_grad():
        steady = model(batch)
        dropped = torch.stack([model.train()(batch) for _ in range(3000)])
    assert len(dropped.unique()) > 5
    torch.testing.assert_close(dropped.mean(0), steady, rtol=0, atol=4 * dropped.std().item() / 3000**0.5)


def test_ffm_whose_vectors_do_not_depend_on_the_field_equals_fm():
    schema = schema_of([5, 6, 4], (1,))
    fm = shaken(ModelSpec(embedding_dim=2), schema)
    ffm = with_weights_of(SPECS["ffm"], with_weights_of(SPECS["lr"], fm))
    ffm.load_state_dict(fm.state_dict() | {"embedding.weight": fm.embedding.weight.detach().repeat(1, 3)})
    batch = random_batch(schema, 20)
    torch.testing.assert_close(ffm(batch), fm(batch))


@given(st.integers(3, 7), st.integers(1, 4), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_the_sum_of_all_triples_is_newtons_identity(fields, dim, seed):
    e_BFK = torch.randn(4, fields, dim, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    triples_3T = torch.tensor(all_triples(fields)).T
    torch.testing.assert_close(sum_of_all_triple_products(e_BFK), triple_products(e_BFK, triples_3T).sum(1))


@given(st.integers(3, 7), st.integers(1, 4), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_triple_products_and_their_gradients(fields, dim, seed):
    generator = torch.Generator().manual_seed(seed)
    e_BFK = torch.randn(2, fields, dim, dtype=torch.float64, generator=generator, requires_grad=True)
    triples = [t for t in all_triples(fields) if torch.rand(1, generator=generator) < 0.7] or [(0, 1, 2)]
    triples_3T = torch.tensor(triples).T
    by_hand = torch.stack([(e_BFK[:, i] * e_BFK[:, j] * e_BFK[:, n]).sum(1) for i, j, n in triples], 1)
    torch.testing.assert_close(triple_products(e_BFK, triples_3T), by_hand)
    assert torch.autograd.gradcheck(lambda e: triple_products(e, triples_3T), (e_BFK,))


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


def test_permuting_fields_permutes_the_gradient_of_alpha_and_changes_nothing_else():
    schema = schema_of([5, 5, 5, 5])
    order = [2, 0, 3, 1]
    model = shaken(SPECS["autofm"], schema)
    twin = CTRModel(SPECS["autofm"], schema)
    batch = random_batch(schema, 30)
    twin_pairs = [all_pairs(4).index(tuple(sorted((order.index(i), order.index(j))))) for i, j in all_pairs(4)]
    state = model.state_dict()
    for key in [k for k in state if k.startswith("interactions.")]:
        moved = torch.empty_like(state[key])
        moved[twin_pairs] = state[key]
        state[key] = moved
    twin.load_state_dict(state)
    for m in (model, twin):
        m.train()
    permuted = type(batch)(batch.one_hot_BO[:, order].contiguous(), batch.labels_B, {})
    logits, twin_logits = model(batch), twin(permuted)
    torch.testing.assert_close(twin_logits, logits)
    logits.square().sum().backward()
    twin_logits.square().sum().backward()
    torch.testing.assert_close(twin.gates.grad[twin_pairs], model.gates.grad)


@pytest.mark.parametrize("multi_hot", [(), (2,)])
@pytest.mark.parametrize("name", ["autodeepfm", "ffm", "ffm_with_gates"])
def test_gradients_kept_by_read_sum_to_autograds(name, multi_hot):
    schema = schema_of([5, 6, 4, 7], multi_hot)
    model, twin = shaken(SPECS[name], schema), shaken(SPECS[name], schema)
    for table in twin.tables:
        table.keep_gradient()
    for seed in range(3):
        batch = random_batch(schema, 11, seed)
        for m in (model, twin):
            m.zero_grad(set_to_none=True)
            m(batch).square().sum().backward()
        for table, other in zip(twin.tables, model.tables, strict=True):
            assert table.weight.grad is None
            summed = torch.zeros_like(table.weight).index_add_(0, batch.ids_Z, table.take_gradient())
            torch.testing.assert_close(summed, other.weight.grad)


def test_seeds_decide_the_initial_values():
    schema = schema_of([50, 60])
    same, again, other = (CTRModel(SPECS["autodeepfm"], schema, seed=s).state_dict() for s in (4, 4, 5))
    assert all(torch.equal(same[k], again[k]) for k in same)
    assert not torch.equal(same["embedding.weight"], other["embedding.weight"])


def test_initial_values_are_the_papers():
    schema = schema_of([500, 700])
    state = CTRModel(SPECS["autodeepfm"], schema, seed=0).state_dict()
    for key, bound in (("embedding.weight", (6 / 1203) ** 0.5), ("linear.weight", (6 / 1200) ** 0.5)):
        assert 0.98 * bound < state[key].abs().max() <= bound
    assert not state["mlp.last.bias"].any()
    alpha = state["interactions.alpha_P"]
    assert ((alpha >= 0.599) & (alpha <= 0.601)).all()


def test_untrained_ids_borrow_the_rare_values_vector():
    schema = schema_of([6, 5], other_rows=3)
    model = CTRModel(SPECS["fm"], schema)
    before = model.embedding.weight.detach().clone()
    model.lend_to_untrained()
    table = model.embedding.weight
    for start in schema.offsets[:-1]:
        torch.testing.assert_close(table[start + 1], before[start + 2])
        torch.testing.assert_close(table[start + 2 :][:3], before[start + 2 :][:3])


def test_no_interaction_is_an_error():
    with pytest.raises(UserError, match="keep at least one, or use order 1"):
        CTRModel(SPECS["fm"], schema_of([4, 4]), ())


def test_too_few_fields_for_the_order_is_an_error():
    with pytest.raises(UserError, match="order 3 needs 3 fields: data set 'test' has 2"):
        CTRModel(SPECS["fm_3rd"], schema_of([4, 4]))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"feeds": "mlp"}, "feeds: mlp needs an mlp"),
        ({"weighting": "attention", "order": 3}, "attention is of order 2"),
        ({"field_aware": True, "mlp": MLPSpec()}, "field_aware has no mlp"),
        ({"linear": False}, "without linear part needs an mlp"),
        ({"linear_form": "field_vectors", "order": 1}, "field_vectors needs linear: true and one embedding per id"),
        ({"linear_form": "field_vectors", "field_aware": True}, "field_vectors needs linear: true and one embedding"),
        ({"pair_network": PairNetworkSpec()}, "set feeds: mlp"),
    ],
)
def test_parts_that_do_not_fit_are_named(parts, message):
    with pytest.raises(ValueError, match=message):
        ModelSpec(**parts)


def test_first_order_with_gates_is_an_error():
    with pytest.raises(ValueError, match="order 1 has no interactions"):
        ModelSpec(order=1, weighting="learned")
