"""One model in its own namespace."""

from collections.abc import Mapping

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.naming import named
from autofis_kedro.pipelines.training.nodes import (
    draw_training,
    evaluate,
    evaluate_searched,
    train,
)
from autofis_kedro.roster import COSTS_OF_SEARCH

EXAMPLES = ["train_examples", "valid_examples", "test_examples"]


def trained_model(
    name: str,
    selection: str,
    searches: tuple[str, ...] = (),
    *,
    shared: Mapping[str, str] | None = None,
    earlier_costs: Mapping[str, str] | None = None,
) -> Pipeline:
    """Train, evaluate and draw the model ``name`` over the interactions of the data set ``selection``.

    Args:
        searches: the namespaces whose search and extraction the selection cost.
        shared: other examples and schema than the data set's, by the names that they stand for.
        earlier_costs: datasets of what else came before, by any name.
    """
    costs = {f"{kind}_of_{by}": f"{by}.{kind}" for by in searches for kind in COSTS_OF_SEARCH}
    costs |= earlier_costs or {}
    fixed = ["params:training", "params:seeds", "params:checkpoints"]
    nodes = [
        Node(
            named(train, name=name),
            ["train_examples", "valid_examples", "schema", "selection", "params:model", *fixed],
            ["weights", "history", "cost"],
            name="train",
        ),
        Node(
            named(evaluate, name=name),
            [
                "weights",
                "valid_examples",
                "test_examples",
                "schema",
                "selection",
                "params:model",
                "params:training",
                "cost",
                *costs,
            ],
            ["predictions", "metrics"],
            name="evaluate",
        ),
        Node(named(draw_training, name=name), "history", "training_curves", name="draw_training"),
    ]
    plain = {example: example for example in [*EXAMPLES, "schema"]} | {"selection": selection}
    return Pipeline(
        nodes,
        namespace=name,
        inputs=plain | dict(shared or {}) | costs,
        parameters={"params:model": f"params:{name}"} | {parameter: parameter for parameter in fixed},
        tags="training",
    )


def searched_itself(name: str, searches: tuple[str, ...]) -> Pipeline:
    """Evaluate the searched model as the search left it; a third-order one stands on the pairs of an earlier one."""
    searched, *earlier = searches
    base = {"base": f"{earlier[0]}.selection"} if earlier else {}
    costs = {f"{kind}_of_{by}": f"{by}.{kind}" for by in earlier for kind in COSTS_OF_SEARCH}
    given = ["weights", "valid_examples", "test_examples", "schema", "params:model", "params:training", "cost"]
    nodes = [
        Node(
            named(evaluate_searched, name=name),
            [*given, *base, *costs],
            ["predictions", "metrics", "selection"],
            name="evaluate",
        ),
        Node(named(draw_training, name=name), "history", "training_curves", name="draw_training"),
    ]
    shared = {example: example for example in ("valid_examples", "test_examples", "schema")}
    of_search = {"weights": "search_weights", "cost": "search_cost", "history": "search_history"}
    return Pipeline(
        nodes,
        namespace=name,
        inputs=shared | base | costs | {given: f"{searched}.{found}" for given, found in of_search.items()},
        parameters={"params:model": f"params:{searched}", "params:training": "params:training"},
        tags="training",
    )
