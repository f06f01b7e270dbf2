"""The paper's figures of the synthetic problem (sec. 4.5.2)."""

from autofis_kedro.pipelines.synthetic_figures.pipeline import create_pipeline

__all__ = ["create_pipeline"]
