"""What must hold between models: closed and removed, permuted, and special cases of each other."""

import pytest
import torch

from autofis_kedro.data.batches import take
from autofis_kedro.models import AttentionSpec, CTRModel, ModelSpec
from tests.models.sized_logits import logits_and_bounds
from tests.models.zoo import SPECS, shaken
from tests.problems import all_pairs, all_triples, random_batch, random_examples, schema_of
from tests.rounding import assert_within


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
    assert_same_logits(removed, model, random_examples(schema, 20, 0))


def assert_same_logits(one, other, examples):
    """Of two models that are the same function by a law."""
    batch, (exact_B, allowed_B) = take(examples, slice(None)), logits_and_bounds(other, examples)
    for model in (one, other):
        assert_within(model(batch), exact_B, allowed_B)


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
    assert_same_logits(fwfm, fm, random_examples(schema, 20, 0))


def test_afm_with_constant_attention_equals_fm_divided_by_its_pairs():
    schema = schema_of([5, 6, 4, 5], (1,))
    fm = shaken(SPECS["fm"], schema)
    afm = with_weights_of(SPECS["afm"], fm)
    with torch.no_grad():
        afm.interactions.score_A.zero_()
        afm.interactions.projection_K.fill_(1.0)
    afm, fm, lr = (model.double() for model in (afm, fm, with_weights_of(SPECS["lr"], fm)))
    batch = random_batch(schema, 20)
    torch.testing.assert_close((afm(batch) - lr(batch)) * 6, fm(batch) - lr(batch))


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
    assert_same_logits(ffm, fm, random_examples(schema, 20, 0))


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
        m.double().train()
    permuted = type(batch)(batch.one_hot_BO[:, order].contiguous(), batch.labels_B, {})
    logits, twin_logits = model(batch), twin(permuted)
    torch.testing.assert_close(twin_logits, logits)
    logits.square().sum().backward()
    twin_logits.square().sum().backward()
    torch.testing.assert_close(twin.gates.grad[twin_pairs], model.gates.grad)
