"""Search the gates of every pair."""

from autofis_kedro.pipelines.search.pipeline import create_pipeline

__all__ = ["create_pipeline"]
