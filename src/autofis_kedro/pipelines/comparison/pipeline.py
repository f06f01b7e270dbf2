"""The comparison of all models that a run trained."""

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.comparison.nodes import choose_model, compare


def create_pipeline(names: tuple[str, ...]) -> Pipeline:
    """Choose and compare among the named models."""
    metrics = {name: f"{name}.metrics" for name in names}
    return Pipeline(
        [
            Node(choose_model, metrics, "chosen_model", name="choose_model"),
            Node(compare, {"chosen": "chosen_model"} | metrics, ["comparison", "comparison_figure"], name="compare"),
        ],
        tags="comparison",
    )
