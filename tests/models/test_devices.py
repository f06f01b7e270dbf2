"""A model on another device than the CPU makes no tensor on the CPU: what would fail on a GPU fails here without one.

torch's ``meta`` device has shapes and no numbers, and refuses to compute with tensors of another device. What asks it
for a number fails, too: a GPU would be waited for.
"""

import pytest
import torch

from autofis_kedro.models import CTRModel
from autofis_kedro.models.norm import estimating
from tests.models.zoo import SPECS
from tests.problems import random_batch, schema_of

META = torch.device("meta")


@pytest.mark.parametrize("multi_hot", [(), (1,)])
@pytest.mark.parametrize("name", SPECS)
def test_training_and_evaluation_stay_on_the_models_device(name, multi_hot):
    schema = schema_of([5, 6, 4, 7], multi_hot)
    model, batch = CTRModel(SPECS[name], schema).to(META), random_batch(schema, 9).to(META)
    model.train()
    logit_B = model(batch)
    torch.nn.functional.binary_cross_entropy_with_logits(logit_B, batch.labels_B).backward()
    assert {weight.grad.device for weight in model.parameters()} == {META}
    model.eval()
    with torch.no_grad():
        assert model(batch).device == META
    with torch.no_grad(), estimating(model):
        assert model(batch).device == META


def test_a_tensor_of_the_cpu_in_between_is_refused():
    with pytest.raises(RuntimeError, match="meta"):
        torch.ones(3, device=META) @ torch.ones(3)
