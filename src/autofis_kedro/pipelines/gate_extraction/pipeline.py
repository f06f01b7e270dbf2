"""The gate extraction stage."""

from collections.abc import Collection

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.gate_extraction.nodes import draw_gates, draw_triples, extract
from autofis_kedro.pipelines.naming import base_of
from autofis_kedro.roster import SEARCHED


def create_pipeline(names: Collection[str] = SEARCHED) -> Pipeline:
    """A selection for every searched model."""
    return Pipeline([_extraction(name) for name in names])


def _extraction(name: str) -> Pipeline:
    base = base_of(name)
    draw, figure = (draw_triples, "alpha_bars") if base else (draw_gates, "alpha_heatmap")
    fixed = ["params:training", "params:search", "params:extraction", "params:seeds"]
    shared = ["train_examples", "valid_examples", "schema"]
    nodes = [
        Node(
            extract,
            ["gates", "search_weights", *shared, "params:model", *fixed, "search_cost", *base],
            ["selection", "kept_interactions", "extraction_cost"],
            name="extract",
        ),
        Node(
            draw,
            ["gates", "selection", "planted_interactions"],
            [figure, "extraction_curve"],
            name="draw_gates",
        ),
    ]
    return Pipeline(
        nodes,
        namespace=name,
        inputs={n: n for n in (*shared, "planted_interactions")}
        | {n: f"{name}.{n}" for n in ("gates", "search_weights", "search_cost")}
        | base,
        parameters={"params:model": f"params:{name}"} | {parameter: parameter for parameter in fixed},
        tags="gate_extraction",
    )
