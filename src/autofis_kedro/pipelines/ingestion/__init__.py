"""Raw rows -> typed rows -> train, validation and test rows."""

from autofis_kedro.pipelines.ingestion.pipeline import create_pipeline

__all__ = ["create_pipeline"]
