"""What interactions are worth, looked at without a model or across several searches."""

from autofis_kedro.analysis.stability import (
    StabilityConfig,
    alpha_correlation,
    selection_frequency,
    selection_overlap,
)
from autofis_kedro.analysis.statistics_auc import StatisticsAUCConfig, statistics_auc

__all__ = [
    "StabilityConfig",
    "StatisticsAUCConfig",
    "alpha_correlation",
    "selection_frequency",
    "selection_overlap",
    "statistics_auc",
]
