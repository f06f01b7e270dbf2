"""The report stage: what the run was, and the page."""

from collections.abc import Collection

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.report import nodes
from autofis_kedro.roster import SEARCHED, TRAINED

OF_SEARCHES = {
    nodes.GATES: "gates",
    nodes.TRAJECTORY: "gate_trajectory",
    nodes.SELECTION: "selection",
    nodes.SEARCH_COST: "search_cost",
    nodes.EXTRACTION_COST: "extraction_cost",
}


def create_pipeline(names: Collection[str]) -> Pipeline:
    """The report over the named models; ``earlier_results`` are what other pipelines may have left."""
    inputs = {
        "statistics": "dataset_statistics",
        "compared": "comparison",
        "chosen": "chosen_model",
        "statistics_auc": "statistics_auc",
        "size_curves": "size_curves",
        "facts": "run_facts",
        "planted": "planted_interactions",
        "earlier": "earlier_results",
        "evidence": "evidence",
        "joint_values": "joint_values",
    }
    inputs |= {f"{nodes.HISTORY}{name}": f"{name}.history" for name in names if name in TRAINED}
    inputs |= {f"{nodes.HISTORY}{name}_searched": f"{name}.search_history" for name in SEARCHED}
    inputs |= {prefix + name: f"{name}.{found}" for name in SEARCHED for prefix, found in OF_SEARCHES.items()}
    return Pipeline(
        [
            Node(nodes.gather, ["parameters", "schema", "split_report"], "run_facts", name="gather_run_facts"),
            Node(nodes.write, inputs, "report", name="write_report"),
        ],
        tags="report",
    )
