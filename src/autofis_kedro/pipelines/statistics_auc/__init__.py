"""Interactions ranked by statistics_AUC, without a model."""

from autofis_kedro.pipelines.statistics_auc.pipeline import create_pipeline, create_ranking

__all__ = ["create_pipeline", "create_ranking"]
