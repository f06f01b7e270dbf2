"""The comparison of all models that a run trained."""

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.comparison.nodes import choose_model, compare, predict_constant
from autofis_kedro.roster import CHOICE, CONSTANT


def create_pipeline(names: tuple[str, ...]) -> Pipeline:
    """Choose and compare among the named models."""
    metrics = {name: f"{name}.metrics" for name in (*names, CONSTANT)}
    predictions = {name: f"{name}.predictions" for name in (*names, CONSTANT) if name in (*CHOICE, CONSTANT)}
    made = [f"{CONSTANT}.predictions", f"{CONSTANT}.metrics"]
    examples = ["train_examples", "valid_examples", "test_examples"]
    return Pipeline(
        [
            Node(predict_constant, [*examples, "schema"], made, name="predict_constant"),
            Node(choose_model, predictions, "chosen_model", name="choose_model"),
            Node(compare, {"chosen": "chosen_model"} | metrics, ["comparison", "comparison_figure"], name="compare"),
        ],
        tags="comparison",
    )
