"""The paper's tables, beside the published values."""

from autofis_kedro.pipelines.paper_tables.pipeline import create_pipeline, statistics_table

__all__ = ["create_pipeline", "statistics_table"]
