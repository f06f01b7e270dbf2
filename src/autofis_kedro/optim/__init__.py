"""Optimizers: GRDA for gates, dense Adam for everything else."""

from autofis_kedro.optim.adam import EpsilonHatAdam
from autofis_kedro.optim.grda import GRDA, c_for_final_threshold

__all__ = ["GRDA", "EpsilonHatAdam", "c_for_final_threshold"]
