"""Typed rows -> vocabularies -> encoded examples."""

from autofis_kedro.pipelines.bucketing.pipeline import create_pipeline

__all__ = ["create_pipeline"]
