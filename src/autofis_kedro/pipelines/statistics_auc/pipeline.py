"""The statistics_AUC stage: rank, select as many pairs as AutoFM kept, re-train (Table 5, Figure 3)."""

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.statistics_auc.nodes import draw, rank, rank_others, select
from autofis_kedro.pipelines.training import trained_model


def create_pipeline() -> Pipeline:
    """Rank every pair, select, re-train as AutoFM is."""
    examples = ["train_examples", "valid_examples", "test_examples"]
    nodes = [
        Node(
            rank,
            [*examples, "schema", "params:statistics_auc"],
            ["statistics_auc", "statistics_auc_on_test"],
            name="rank_by_statistics_auc",
        ),
        Node(
            rank_others,
            [*examples[:2], "schema", "params:statistics_auc"],
            "statistics_auc_of_others",
            name="rank_other_orders_by_statistics_auc",
        ),
        Node(
            select,
            ["schema", "statistics_auc", "autofm.selection"],
            "statistics_auc_interactions",
            name="select_by_statistics_auc",
        ),
        Node(
            draw,
            ["statistics_auc_on_test", "autofm.gates", "autofm.selection"],
            "statistics_auc_against_alpha",
            name="draw_statistics_auc",
        ),
    ]
    retrained = trained_model("statistics_auc_selection", "statistics_auc_interactions")
    return Pipeline(nodes, tags="statistics_auc") + retrained
