"""Accuracy against the number of pairs kept, for three rankings."""

from autofis_kedro.pipelines.size_curves.pipeline import create_pipeline

__all__ = ["create_pipeline"]
