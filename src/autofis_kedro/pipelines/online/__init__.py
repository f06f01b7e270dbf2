"""What an online test would show: latency measured, clicks simulated."""

from autofis_kedro.pipelines.online.pipeline import create_pipeline

__all__ = ["create_pipeline"]
