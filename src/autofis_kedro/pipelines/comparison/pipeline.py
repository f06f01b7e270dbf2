"""The comparison of all models that a run trained."""

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.comparison.nodes import choose_model, compare
from autofis_kedro.roster import CHOICE


def create_pipeline(names: tuple[str, ...]) -> Pipeline:
    """Choose and compare among the named models."""
    metrics = {name: f"{name}.metrics" for name in names}
    predictions = {name: f"{name}.predictions" for name in names if name in CHOICE}
    return Pipeline(
        [
            Node(choose_model, predictions, "chosen_model", name="choose_model"),
            Node(compare, {"chosen": "chosen_model"} | metrics, ["comparison", "comparison_figure"], name="compare"),
        ],
        tags="comparison",
    )
