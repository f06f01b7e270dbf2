"""Score rows without labels."""

from autofis_kedro.pipelines.predict.pipeline import create_pipeline

__all__ = ["create_pipeline"]
