"""What an online test would show: latency measured, clicks simulated (paper sec. 4.6)."""

from autofis_kedro.analysis.online.config import ExperimentConfig, LatencyConfig
from autofis_kedro.analysis.online.experiment import DAYS, run_experiment
from autofis_kedro.analysis.online.latency import measure_latency
from autofis_kedro.analysis.online.market import Market

__all__ = ["DAYS", "ExperimentConfig", "LatencyConfig", "Market", "measure_latency", "run_experiment"]
