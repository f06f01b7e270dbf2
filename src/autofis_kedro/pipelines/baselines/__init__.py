"""Models over all interactions, and the controls beside AutoFM."""

from autofis_kedro.pipelines.baselines.pipeline import create_controls, create_pipeline

__all__ = ["create_controls", "create_pipeline"]
