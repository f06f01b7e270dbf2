"""What interactions are worth, looked at without a model or across several searches."""

from autofis_kedro.analysis.stability import alpha_correlation, selection_frequency
from autofis_kedro.analysis.statistics_auc import StatisticsAUCConfig, statistics_auc

__all__ = ["StatisticsAUCConfig", "alpha_correlation", "selection_frequency", "statistics_auc"]
