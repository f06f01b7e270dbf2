"""The ablation: Random+FM beside the variants that other stages train."""

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.ablation.nodes import draw_selections, evaluate, train
from autofis_kedro.pipelines.naming import named
from autofis_kedro.pipelines.training.nodes import draw_training
from autofis_kedro.roster import RANDOM_FM

EXAMPLES = ["train_examples", "valid_examples", "test_examples"]


def create_pipeline(name: str = RANDOM_FM) -> Pipeline:
    """Draw, train, evaluate."""
    fixed = ["params:training", "params:seeds", "params:checkpoints", "params:ablation"]
    nodes = [
        Node(
            draw_selections,
            ["schema", "searched", "params:ablation", "params:seeds"],
            "draws",
            name="draw_selections",
        ),
        Node(
            named(train, name=name),
            ["train_examples", "valid_examples", "schema", "draws", "params:model", *fixed[:3]],
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
                "draws",
                "params:model",
                "params:training",
                "cost",
            ],
            ["predictions", "metrics"],
            name="evaluate",
        ),
        Node(named(draw_training, name=name), "history", "training_curves", name="draw_training"),
    ]
    shared = {example: example for example in [*EXAMPLES, "schema"]} | {"searched": "autofm.selection"}
    parameters = {"params:model": f"params:{name}"} | {parameter: parameter for parameter in fixed}
    return Pipeline(nodes, namespace=name, inputs=shared, parameters=parameters, tags="ablation")
