"""The template that every trained model follows."""

from autofis_kedro.pipelines.training.pipeline import searched_itself, trained_model

__all__ = ["searched_itself", "trained_model"]
