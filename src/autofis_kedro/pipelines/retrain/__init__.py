"""Re-train over the kept interactions."""

from autofis_kedro.pipelines.retrain.pipeline import create_pipeline

__all__ = ["create_pipeline"]
