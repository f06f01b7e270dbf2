"""A model whose order is that of its selection, which may keep nothing."""

from __future__ import annotations

import pytest

from autofis_kedro.models import ModelSpec
from autofis_kedro.training import ModelConfig

LEARNED = ModelSpec(normalize=True, weighting="learned", embedding_dim=4)


@pytest.mark.parametrize(("orders", "order"), [((), 1), ((2,), 2), ((2, 3), 3), ((3,), 3)])
def test_the_order_is_the_highest_that_is_kept(orders: tuple[int, ...], order: int) -> None:
    spec = ModelConfig(spec=LEARNED, follows_selection=True).spec_over(orders)
    assert spec.order == order
    assert (spec.normalize, spec.weighting) == ((False, "none") if order == 1 else (True, "learned"))
    assert spec.embedding_dim == 4


def test_other_models_stay_what_they_are() -> None:
    assert ModelConfig(spec=LEARNED).spec_over(()) == LEARNED
