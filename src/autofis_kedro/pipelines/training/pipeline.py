"""One model in its own namespace."""

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.naming import named
from autofis_kedro.pipelines.training.nodes import draw_training, evaluate, evaluate_searched, train

EXAMPLES = ["train_examples", "valid_examples", "test_examples"]


def trained_model(name: str, selection: str, searched_by: str | None = None) -> Pipeline:
    """Train, evaluate and draw the model ``name`` over the interactions of the data set ``selection``.

    ``searched_by`` is the namespace whose search and extraction the selection cost.
    """
    costs = ["search_cost", "extraction_cost"] if searched_by else []
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
    shared = {example: example for example in [*EXAMPLES, "schema"]} | {"selection": selection}
    return Pipeline(
        nodes,
        namespace=name,
        inputs=shared | {cost: f"{searched_by}.{cost}" for cost in costs},
        parameters={"params:model": f"params:{name}"} | {parameter: parameter for parameter in fixed},
        tags="training",
    )


def searched_itself(name: str, searched_by: str) -> Pipeline:
    """Evaluate the searched model as the search left it."""
    node = Node(
        named(evaluate_searched, name=name),
        ["weights", "valid_examples", "test_examples", "schema", "params:model", "params:training", "cost"],
        ["predictions", "metrics"],
        name="evaluate",
    )
    return Pipeline(
        [node],
        namespace=name,
        inputs={
            "weights": f"{searched_by}.search_weights",
            "cost": f"{searched_by}.search_cost",
            "valid_examples": "valid_examples",
            "test_examples": "test_examples",
            "schema": "schema",
        },
        parameters={"params:model": f"params:{searched_by}", "params:training": "params:training"},
        tags="training",
    )
