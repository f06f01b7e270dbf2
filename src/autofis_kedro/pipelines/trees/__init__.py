"""Boosted trees, and models over their leaves."""

from autofis_kedro.pipelines.trees.pipeline import create_pipeline

__all__ = ["create_pipeline"]
