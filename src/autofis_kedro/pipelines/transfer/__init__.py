"""Interactions that one model's search kept, in another model."""

from autofis_kedro.pipelines.transfer.pipeline import create_pipeline

__all__ = ["create_pipeline"]
