"""The stability stage: AutoFM is searched with several seeds, with batch norm and without it."""

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.naming import named
from autofis_kedro.pipelines.stability.nodes import compare, draw, search
from autofis_kedro.roster import STABILITY


def create_pipeline(model: str = "autofm") -> Pipeline:
    """Search, compare, draw."""
    normalized, plain = (f"{name}.searches" for name in STABILITY)
    nodes = [
        Node(
            compare,
            [normalized, plain, "schema", "params:stability"],
            ["stability_gates", "stability", "selection_frequency"],
            name="compare_searches",
        ),
        Node(
            draw,
            ["stability_gates", "planted_interactions"],
            ["stability_correlations", "selection_frequency_figure"],
            name="draw_stability",
        ),
    ]
    searches = [_searches(name, model) for name in STABILITY]
    return Pipeline([*searches, Pipeline(nodes, tags="stability")])


def _searches(name: str, model: str) -> Pipeline:
    shared = ["train_examples", "valid_examples", "schema"]
    groups = ("training", "search", "extraction", "seeds", "checkpoints", "stability")
    fixed = [f"params:{group}" for group in groups]
    node = Node(named(search, name=name), [*shared, "params:model", *fixed], "searches", name="search")
    return Pipeline(
        [node],
        namespace=name,
        inputs={example: example for example in shared},
        parameters={"params:model": f"params:{model}"} | {parameter: parameter for parameter in fixed},
        tags="stability",
    )
