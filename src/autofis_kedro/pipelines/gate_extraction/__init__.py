"""From gates to a selection."""

from autofis_kedro.pipelines.gate_extraction.pipeline import create_pipeline

__all__ = ["create_pipeline"]
