"""Numbers that libraries choke on are refused where they are given, before anything runs."""

import typing

import pytest
from kedro.validation.type_extractor import TypeExtractor
from pydantic import BaseModel

from autofis_kedro.config import LARGEST, Options
from autofis_kedro.errors import UserError
from autofis_kedro.models import ModelSpec
from autofis_kedro.pipeline_registry import register_pipelines
from autofis_kedro.sources.checked import checked
from autofis_kedro.training import ExtractionConfig, SearchConfig, SeedsConfig, TrainingConfig
from autofis_kedro.training.config import ModelConfig


def within(kind):
    """The models that a type is made of."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
        for field in kind.model_fields.values():
            yield from within(field.annotation)
    for part in typing.get_args(kind):
        yield from within(part)


def test_every_parameter_has_the_common_bounds():
    types = TypeExtractor(register_pipelines()).extract_types_from_pipelines()
    found = {model for kind in types.values() for model in within(kind)}
    assert len(found) > 20
    others = {model.__name__ for model in found if not issubclass(model, Options)}
    assert {name for name in others if not name.startswith("Published")} == {"Quantiles", "LogSquared", "FixedEdges"}


@pytest.mark.parametrize(
    ("model", "value", "said"),
    [
        (SeedsConfig, {"seed": 1e20}, "seeds.seed: .*beyond 2147483647"),
        (SeedsConfig, {"seed": 2**31 - 1}, "less than or equal to 2000000000"),
        (SeedsConfig, {"seed": -1}, "greater than or equal to 0"),
        (SeedsConfig, {"seed": "x"}, r"seeds.seed: .*integer.* \(found: 'x'\)"),
        (SeedsConfig, {"n_seeds": 0}, "greater than or equal to 1"),
        (SeedsConfig, {"n_seeds": 1.5}, "integer"),
        (SeedsConfig, {"n_seeds": True}, "a number is wanted, not true or false"),
        (SeedsConfig, {"n_seeds": None}, "integer"),
        (TrainingConfig, {"epochs": 0}, "greater than or equal to 1"),
        (TrainingConfig, {"batch_size": 1e12}, "beyond 2147483647"),
        (TrainingConfig, {"batch_size": -5}, "greater than or equal to 2"),
        (TrainingConfig, {"learning_rate": 1e6}, "less than or equal to 100"),
        (TrainingConfig, {"learning_rate": float("nan")}, "finite|greater"),
        (TrainingConfig, {"l2_embedding": float("inf")}, "finite|beyond"),
        (TrainingConfig, {"device": "nonsense"}, "'auto', 'cpu' or 'cuda'.*nonsense"),
        (TrainingConfig, {"learning_rate": []}, "number"),
        (SearchConfig, {"gate_learning_rate": 0}, "greater than 0"),
        (ModelSpec, {"embedding_dim": 0}, "greater than or equal to 1"),
        (ModelSpec, {"mlp": {"hidden": [0]}}, "mlp.hidden.0"),
        (ModelSpec, {"mlp": {"nonsense": 1}}, r"mlp\.nonsense' does not exist"),
        (ModelConfig, {"spec": {}, "training": {"epochs": -1}}, "greater than or equal to 1"),
        (ModelConfig, {"spec": {}, "training": {"nonsense": 1}}, "nonsense"),
        (ExtractionConfig, {"rule": "top_k"}, "top_k needs size"),
        (ExtractionConfig, {"size": 0}, "greater than or equal to 1"),
    ],
)
def test_is_refused_with_what_is_allowed(model, value, said):
    name = {SeedsConfig: "seeds"}.get(model, "given")
    with pytest.raises(UserError, match=said):
        checked(model, value, name)


def test_what_is_large_and_right_is_taken():
    assert TrainingConfig(batch_size=100_000_000).batch_size == 100_000_000
    assert SeedsConfig(seed=2_000_000_000).seed + 1 < LARGEST
    assert TrainingConfig(learning_rate=1).learning_rate == 1.0
