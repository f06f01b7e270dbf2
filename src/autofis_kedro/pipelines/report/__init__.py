"""The report of a data set: one HTML page."""

from autofis_kedro.pipelines.report.pipeline import create_pipeline

__all__ = ["create_pipeline"]
