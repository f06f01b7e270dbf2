"""Whether searches that differ in their seed agree (paper sec. 4.7.1)."""

from autofis_kedro.pipelines.stability.pipeline import create_pipeline

__all__ = ["create_pipeline"]
