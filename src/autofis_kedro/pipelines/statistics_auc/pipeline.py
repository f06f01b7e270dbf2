"""The statistics_AUC stage: rank, select as many pairs as AutoFM kept, re-train (Table 5, Figure 3)."""

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.statistics_auc.nodes import draw, rank, rank_others, select
from autofis_kedro.pipelines.training import trained_model


def create_ranking() -> Pipeline:
    """Rank every pair; needs no search."""
    examples = ["train_examples", "valid_examples", "test_examples"]
    node = Node(
        rank,
        [*examples, "schema", "params:statistics_auc"],
        ["statistics_auc", "statistics_auc_on_test", "statistics_auc_cost"],
        name="rank_by_statistics_auc",
    )
    return Pipeline([node], tags="statistics_auc")


def create_pipeline() -> Pipeline:
    """Rank every pair, select, re-train as AutoFM is."""
    nodes = [
        Node(
            rank_others,
            ["train_examples", "valid_examples", "schema", "params:statistics_auc"],
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
    cost = {"cost_of_ranking": "statistics_auc_cost"}
    retrained = trained_model("statistics_auc_selection", "statistics_auc_interactions", earlier_costs=cost)
    return create_ranking() + Pipeline(nodes, tags="statistics_auc") + retrained
