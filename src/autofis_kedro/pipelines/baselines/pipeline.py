"""The baselines stage, and the controls that AutoFM is compared with."""

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.baselines.nodes import select_all, select_all_with_triples, select_randomly
from autofis_kedro.pipelines.training import trained_model
from autofis_kedro.roster import FACTORIZATION, interactions_of


def create_pipeline(names: tuple[str, ...] = FACTORIZATION) -> Pipeline:
    """Models over all interactions."""
    selections = {interactions_of(name) for name in names}
    parts = [_SELECTED[selection] for selection in sorted(selections)]
    return Pipeline([*parts, *(trained_model(name, interactions_of(name)) for name in names)])


_SELECTED = {
    "all_interactions": Node(select_all, "schema", "all_interactions", name="select_all", tags="baselines"),
    "third_order_interactions": Node(
        select_all_with_triples,
        "schema",
        "third_order_interactions",
        name="select_all_with_triples",
        tags="baselines",
    ),
}


def create_controls() -> Pipeline:
    """All gates open, and a random selection as large as AutoFM's."""
    randomly = Node(
        select_randomly,
        ["schema", "autofm.selection", "params:seeds"],
        "random_interactions",
        name="select_randomly",
        tags="controls",
    )
    open_gates = trained_model("all_open", "all_interactions")
    return open_gates + Pipeline([randomly]) + trained_model("random_selection", "random_interactions")
