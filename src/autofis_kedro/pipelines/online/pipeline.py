"""The online stage (paper sec. 4.6): ranking latency, and an A/A - A/B - A/A test on a simulated market."""

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.online.nodes import explain_market, report_latency, report_test, simulate, time_ranking
from autofis_kedro.roster import A_B_TEST, RANKED, interactions_of, weights_of


def create_pipeline() -> Pipeline:
    """Time, simulate, report."""
    metrics = {f"metrics_of_{name}": f"{name}.metrics" for name in RANKED}
    shared = {"schema": "schema", "online": "params:online"}
    examples = {"test_examples": "test_examples"}
    rows = {"raw_rows": "raw_rows", "vocabularies": "vocabularies"}
    nodes = [
        Node(explain_market, ["raw_rows", "params:online"], "online_market", name="explain_market"),
        Node(time_ranking, examples | shared | _models(RANKED), "online_latencies", name="time_ranking"),
        Node(
            report_latency,
            {"latencies": "online_latencies"} | shared | metrics,
            ["online_latency", "online_latency_figure"],
            name="report_latency",
        ),
        Node(simulate, rows | shared | _models(A_B_TEST), "online_days", name="simulate_ab_test"),
        Node(
            report_test,
            ["online_days", "params:online"],
            ["online_ab_test", "online_rankings", "online_ctr_by_day", "online_cvr_by_day"],
            name="report_ab_test",
        ),
    ]
    return Pipeline(nodes, tags="online")


def _models(names: tuple[str, ...]) -> dict[str, str]:
    """All that rebuilds the named models, as arguments ``<artifact>_of_<model>``."""
    inputs = {}
    for name in names:
        inputs[f"weights_of_{name}"] = weights_of(name)
        inputs[f"selection_of_{name}"] = interactions_of(name)
        inputs[f"metrics_of_{name}"] = f"{name}.metrics"
    return inputs
