"""The trees stage: one forest, its leaves as fields, and the models over them."""

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.baselines.nodes import select_all
from autofis_kedro.pipelines.naming import named
from autofis_kedro.pipelines.training import trained_model
from autofis_kedro.pipelines.training.nodes import evaluate
from autofis_kedro.pipelines.trees.nodes import (
    append_leaves,
    describe_leaves,
    draw_growth,
    draw_penalties,
    grow_trees,
    regress,
)
from autofis_kedro.roster import FOREST, interactions_of

ROWS = ["train_rows", "valid_rows", "test_rows"]
EXAMPLES = ["train_examples", "valid_examples", "test_examples"]
LEAVES = ["train_leaves", "valid_leaves", "test_leaves"]
COST = {"cost_of_trees": f"{FOREST}.cost"}
WITH_LEAVES = {plain: f"{FOREST}.{leaves}" for plain, leaves in zip(EXAMPLES, LEAVES, strict=True)} | {
    "schema": f"{FOREST}.leaf_schema"
}


def create_pipeline(names: tuple[str, ...]) -> Pipeline:
    """Grow, append the leaves, and train the named models over them."""
    parts = {"gbdt_lr": _regression, "gbdt_ffm": _factorization}
    return Pipeline([_forest(), *(parts[name](name) for name in names)])


def _forest() -> Pipeline:
    grown_from = [*ROWS[:2], *EXAMPLES[:2], "schema"]
    nodes = [
        Node(
            grow_trees,
            [*grown_from, "params:trees", "params:seeds"],
            ["forest", "history", "cost"],
            name="grow_trees",
        ),
        Node(draw_growth, "history", "training_curves", name="draw_growth"),
        Node(describe_leaves, ["forest", "schema"], "leaf_schema", name="describe_leaves"),
        Node(append_leaves, [*ROWS, *EXAMPLES, "forest", "schema", "leaf_schema"], LEAVES, name="append_leaves"),
        Node(select_all, "leaf_schema", "selection", name="select_all"),
    ]
    parameters = {name: name for name in ("params:trees", "params:seeds")}
    shared = {name: name for name in (*ROWS, *EXAMPLES, "schema")}
    return Pipeline(nodes, namespace=FOREST, inputs=shared, parameters=parameters, tags="trees")


def _factorization(name: str) -> Pipeline:
    return trained_model(name, interactions_of(name), shared=WITH_LEAVES, earlier_costs=COST)


def _regression(name: str) -> Pipeline:
    inputs = ["valid_examples", "test_examples", "schema", "selection", "params:model", "params:training", "cost"]
    nodes = [
        Node(
            regress,
            ["train_examples", "valid_examples", "schema", "plain_schema", "params:leaf_regression"],
            ["weights", "history", "cost"],
            name="train",
        ),
        Node(
            named(evaluate, name=name),
            ["weights", *inputs, "cost_of_trees"],
            ["predictions", "metrics"],
            name="evaluate",
        ),
        Node(draw_penalties, "history", "training_curves", name="draw_training"),
    ]
    shared = WITH_LEAVES | COST | {"plain_schema": "schema", "selection": interactions_of(name)}
    fixed = {parameter: parameter for parameter in ("params:training", "params:leaf_regression")}
    parameters = fixed | {"params:model": f"params:{name}"}
    return Pipeline(nodes, namespace=name, inputs=shared, parameters=parameters, tags="training")
