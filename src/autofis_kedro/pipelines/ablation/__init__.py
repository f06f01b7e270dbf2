"""What each part of AutoFM is worth (paper Table 6)."""

from autofis_kedro.pipelines.ablation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
