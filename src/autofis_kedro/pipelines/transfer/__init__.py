"""Interactions that one model's search kept, in another model."""

from autofis_kedro.pipelines.transfer.pipeline import any_transfer, create_pipeline

__all__ = ["any_transfer", "create_pipeline"]
