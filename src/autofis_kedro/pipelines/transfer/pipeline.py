"""The transfer stage (paper sec. 4.4, Table 4)."""

from collections.abc import Collection

from kedro.pipeline import Node, Pipeline

from autofis_kedro.pipelines.training import trained_model
from autofis_kedro.pipelines.transfer.nodes import take_selection
from autofis_kedro.roster import ANY_TRANSFER, TRANSFERRED, interactions_of, searches_of


def create_pipeline() -> Pipeline:
    """IPNN over the interactions that AutoFM kept, of second order and of both; then what the user chose."""
    parts = [trained_model(name, f"{by}.selection", searches_of(by)) for name, by in TRANSFERRED.items()]
    return Pipeline([*parts, any_transfer([interactions_of(name) for name in TRANSFERRED])])


def any_transfer(after: Collection[str] = ()) -> Pipeline:
    """The model ``transfer_to`` over the interactions of ``selection_from``, which an earlier run or ``after`` made."""
    taken = Node(
        take_selection,
        ["trained_models", "schema", "params:transfer", f"params:{ANY_TRANSFER}", *after],
        [f"{ANY_TRANSFER}.selection", f"{ANY_TRANSFER}.search_cost"],
        name=f"{ANY_TRANSFER}.take_selection",
        namespace=ANY_TRANSFER,
        tags="transfer",
    )
    trained = trained_model(
        ANY_TRANSFER, interactions_of(ANY_TRANSFER), earlier_costs={"search_cost": f"{ANY_TRANSFER}.search_cost"}
    )
    return Pipeline([taken]) + trained
