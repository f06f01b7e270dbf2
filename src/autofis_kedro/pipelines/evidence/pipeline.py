"""The evidence stage: tests on the train rows, without any model; beside a search where there is one."""

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.evidence.nodes import confirm, draw, examine, join_gates, tabulate
from autofis_kedro.pipelines.training import trained_model
from autofis_kedro.roster import BY_EVIDENCE, BY_EVIDENCE_AND_GATES

TABLES = ["evidence", "evidence_csv"]


def create_tests() -> Pipeline:
    """Test every interaction; needs no search."""
    tested = ["evidence_tests", "joint_values", "evidence_interactions", "evidence_cost"]
    nodes = [
        Node(
            examine,
            ["train_examples", "schema", "vocabularies", "params:evidence"],
            tested,
            name="test_interactions",
        ),
        Node(
            draw,
            ["evidence_tests", "joint_values"],
            ["evidence_figure", "joint_values_figure"],
            name="draw_evidence",
        ),
    ]
    return Pipeline(nodes, tags="evidence")


def create_pipeline() -> Pipeline:
    """The evidence alone."""
    return create_tests() + Pipeline(
        [Node(tabulate, "evidence_tests", TABLES, name="tabulate_evidence")], tags="evidence"
    )


def create_confirmation(name: str = "autofm") -> Pipeline:
    """The evidence beside the alpha of a search and what it kept."""
    node = Node(confirm, ["evidence_tests", f"{name}.gates", f"{name}.selection"], TABLES, name="confirm_interactions")
    return create_tests() + Pipeline([node], tags="evidence")


def create_selections(name: str = "autofm") -> Pipeline:
    """Models over the confirmed interactions, and over these with what only the gates of a search can judge."""
    gated = "evidence_gates_interactions"
    join = Node(
        join_gates,
        ["schema", "evidence_tests", f"{name}.gates", f"{name}.selection"],
        gated,
        name="join_evidence_and_gates",
    )
    cost = {"cost_of_evidence": "evidence_cost"}
    alone = [trained_model(model, "evidence_interactions", earlier_costs=cost) for model in BY_EVIDENCE]
    both = [trained_model(model, gated, (name,), earlier_costs=cost) for model in BY_EVIDENCE_AND_GATES]
    return Pipeline([join], tags="evidence") + sum([*alone, *both], Pipeline([]))
