"""One table of the paper."""

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.naming import named
from autofis_kedro.pipelines.paper_tables.nodes import describe, lay_out, time_models
from autofis_kedro.reporting.paper_rows import TABLES
from autofis_kedro.roster import FOREST, ON_LEAVES, interactions_of, weights_of

OF_TREES = {
    "forest": f"{FOREST}.forest",
    "test_leaves": f"{FOREST}.test_leaves",
    "leaf_schema": f"{FOREST}.leaf_schema",
    "leaf_selection": f"{FOREST}.selection",
    "test_rows": "test_rows",
}


def create_pipeline(name: str) -> Pipeline:
    """Time the models where the table has their time, and lay it out."""
    rows = TABLES[name]
    models = tuple(rows.models.values())
    times = f"inference_times_of_{name}"
    nodes = [Node(time_models, _timed(models), times, name=f"time_models_of_{name}")] if "time" in rows.parts else []
    inputs = {"dataset_statistics": "dataset_statistics", "published": "params:published"}
    inputs |= {f"{kind}_of_{model}": f"{model}.{kind}" for model in models for kind in ("metrics", "predictions")}
    inputs |= {"times": times} if nodes else {}
    nodes.append(Node(named(lay_out, name=name), inputs, name, name=f"lay_out_{name}"))
    return Pipeline(nodes, tags="paper_tables")


def _timed(models: tuple[str, ...]) -> dict[str, str]:
    inputs = {"test_examples": "test_examples", "schema": "schema"}
    inputs |= {"training": "params:training", "inference": "params:inference"}
    for model in models:
        inputs |= {f"metrics_of_{model}": f"{model}.metrics", f"weights_of_{model}": weights_of(model)}
        if model not in ON_LEAVES:
            inputs[f"selection_of_{model}"] = interactions_of(model)
    return inputs | (OF_TREES if set(models) & set(ON_LEAVES) else {})


def statistics_table() -> Pipeline:
    """Table 2: what the data set is."""
    node = Node(describe, ["dataset_statistics", "params:published"], "table2", name="lay_out_table2")
    return Pipeline([node], tags="paper_tables")
