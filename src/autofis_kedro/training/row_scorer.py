"""Trained models that score rows as they come, as a server does."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from autofis_kedro.data.batches import sequential_batches
from autofis_kedro.data.encode import Encoder
from autofis_kedro.models import CTRModel, predictor
from autofis_kedro.training.evaluate import rows_at_once


class RowScorer:
    """Scores typed rows by several models, encoding the rows once.

    Args:
        encoder: of the vocabularies that the models were trained with.
        models: by name, each on its device; nothing may change them from now on.
    """

    def __init__(self, encoder: Encoder, models: Mapping[str, CTRModel]) -> None:
        self._encoder = encoder
        self._models = {name: (model, predictor(model)) for name, model in models.items()}

    @torch.inference_mode()
    def __call__(self, rows: pl.DataFrame) -> dict[str, NDArray[np.float32]]:
        """Logits [N] by model: they rank as the probabilities do, which float32 rounds to 1 where logits are large."""
        examples = self._encoder.encode(rows)
        found: dict[str, NDArray[np.float32]] = {}
        for name, (model, logits) in self._models.items():
            device = next(model.parameters()).device
            batches = sequential_batches(examples, rows_at_once(model))
            found[name] = np.concatenate([logits(batch.to(device)).cpu().numpy() for batch in batches])
        return found
