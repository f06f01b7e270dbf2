"""Initial values, untrained ids, and models that cannot be."""

import pytest
import torch

from autofis_kedro.errors import UserError
from autofis_kedro.models import CTRModel, MLPSpec, ModelSpec, PairNetworkSpec
from tests.models.zoo import SPECS
from tests.problems import schema_of


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
        assert torch.equal(table[start + 1], before[start + 2])
        assert torch.equal(table[start + 2 :][:3], before[start + 2 :][:3])


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
