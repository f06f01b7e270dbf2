"""The search stage: one search per searched model, each in its own namespace."""

from collections.abc import Collection

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.naming import base_of, named
from autofis_kedro.pipelines.search.nodes import draw_trajectories, search
from autofis_kedro.roster import SEARCHED


def create_pipeline(names: Collection[str] = SEARCHED) -> Pipeline:
    """Search the gates of every named model."""
    return Pipeline([_search(name) for name in names])


def _search(name: str) -> Pipeline:
    base = base_of(name)
    fixed = ["params:training", "params:search", "params:seeds", "params:checkpoints"]
    outputs = ["gates", "gate_trajectory", "search_weights", "search_history", "search_cost"]
    inputs = ["train_examples", "valid_examples", "schema", "params:model", *fixed, *base]
    nodes = [
        Node(named(search, name=name), inputs, outputs, name="search"),
        Node(
            named(draw_trajectories, name=name),
            ["gate_trajectory", "gates", "planted_interactions"],
            "alpha_trajectories",
            name="draw_trajectories",
        ),
    ]
    return Pipeline(
        nodes,
        namespace=name,
        inputs={n: n for n in ("train_examples", "valid_examples", "schema", "planted_interactions")} | base,
        parameters={"params:model": f"params:{name}"} | {parameter: parameter for parameter in fixed},
        tags="search",
    )
