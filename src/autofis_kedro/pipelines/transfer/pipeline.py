"""The transfer stage (paper sec. 4.4, Table 4)."""

from kedro.pipeline import Pipeline

from autofis_kedro.pipelines.training import trained_model
from autofis_kedro.roster import TRANSFERRED, searches_of


def create_pipeline() -> Pipeline:
    """IPNN over the interactions that AutoFM kept, of second order and of both."""
    parts = [trained_model(name, f"{by}.selection", searches_of(by)) for name, by in TRANSFERRED.items()]
    return sum(parts, Pipeline([]))
