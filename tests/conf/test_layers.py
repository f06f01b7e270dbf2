"""Layers, and where the chosen model's parts are."""

import graphlib

import pytest
from kedro.framework.session import KedroSession

from autofis_kedro.pipeline_registry import register_pipelines
from autofis_kedro.roster import ALL, interactions_of, weights_of
from tests.kedro_project import CONF, configured

PIPELINES = register_pipelines()


@pytest.fixture(scope="module")
def layer_of(tmp_path_factory):
    configured()
    folder = tmp_path_factory.mktemp("layers")
    with KedroSession.create(project_path=folder, env="synthetic", conf_source=str(CONF)) as session:
        catalog = session.load_context().catalog
    default = PIPELINES["__default__"]
    names = {name for name in default.datasets() if not name.startswith("params:")}
    return {name: catalog[name].metadata["kedro-viz"]["layer"] for name in names}


def test_no_layer_follows_from_itself(layer_of):
    """kedro-viz shows no layers at all where they form a cycle."""
    before = {layer: set() for layer in layer_of.values()}
    for node in PIPELINES["__default__"].nodes:
        for made in node.outputs:
            sources = {layer_of[name] for name in node.inputs if name in layer_of}
            before[layer_of[made]] |= sources - {layer_of[made]}
    order = list(graphlib.TopologicalSorter(before).static_order())
    assert order.index("raw") < order.index("model_input") < order.index("models") < order.index("reporting")


@pytest.mark.parametrize("name", ALL)
def test_a_models_parts_are_those_that_it_was_evaluated_with(name):
    nodes = {node.name: node for pipeline in PIPELINES.values() for node in pipeline.nodes}
    outputs = {name for node in nodes.values() for name in node.outputs}
    inputs = nodes[f"{name}.evaluate"].inputs
    assert weights_of(name) in inputs
    assert interactions_of(name) in outputs
    if f"{name}.train" in nodes:
        assert interactions_of(name) in inputs
