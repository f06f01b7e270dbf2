"""Optimizers: GRDA for gates, Adam for everything else, dense or deferred."""

from autofis_kedro.optim.adam import EpsilonHatAdam
from autofis_kedro.optim.deferred_adam import DeferredAdam
from autofis_kedro.optim.grda import GRDA, c_for_final_threshold

__all__ = ["GRDA", "DeferredAdam", "EpsilonHatAdam", "c_for_final_threshold"]
