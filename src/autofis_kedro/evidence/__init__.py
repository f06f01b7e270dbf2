"""What an interaction is worth without a model of it: its test, its gain, its meaning."""

from autofis_kedro.evidence.columns import Columns, read_columns
from autofis_kedro.evidence.config import EvidenceConfig
from autofis_kedro.evidence.gathering import Evidence, gather

__all__ = ["Columns", "Evidence", "EvidenceConfig", "gather", "read_columns"]
