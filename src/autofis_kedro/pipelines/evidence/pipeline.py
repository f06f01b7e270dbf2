"""The evidence stage: tests on the train rows, without any model; beside a search where there is one."""

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.evidence.nodes import confirm, draw, examine, tabulate

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
