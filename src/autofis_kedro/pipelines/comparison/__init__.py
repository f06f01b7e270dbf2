"""Compare all models and choose one."""

from autofis_kedro.pipelines.comparison.pipeline import create_pipeline

__all__ = ["create_pipeline"]
