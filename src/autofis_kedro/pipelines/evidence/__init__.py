"""What every interaction is worth, how sure that is, and what it means."""

from autofis_kedro.pipelines.evidence.pipeline import create_confirmation, create_pipeline, create_selections

__all__ = ["create_confirmation", "create_pipeline", "create_selections"]
