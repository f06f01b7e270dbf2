"""Trained models as scorers of ready batches, whose time is measured (``evaluation.inference_time``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from autofis_kedro.data.batches import Batch, sequential_batches
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.evaluation.inference_time import InferenceConfig, Scorer
from autofis_kedro.models import CTRModel, ModelSpec, Predictor
from autofis_kedro.models.state import load_state
from autofis_kedro.selection import Selection
from autofis_kedro.training.seeds import build


def trained(
    weights: Mapping[str, Tensor], spec: ModelSpec, schema: Schema, selection: Selection, device: torch.device
) -> CTRModel:
    """The model of the first seed, ready to score."""
    first = min((key.partition("/")[0] for key in weights), key=lambda prefix: int(prefix.removeprefix("seed_")))
    model = build(spec, schema, selection, seed=0)
    own = {k.partition("/")[2]: v for k, v in weights.items() if k.startswith(f"{first}/")}
    load_state(model, own, f"weights of {first}")
    return model.eval().to(device)


def whole_batches(examples: Examples, config: InferenceConfig, device: torch.device) -> list[Batch]:
    """Batches on the device, as many as a measurement can use and the rows give; of few rows, one smaller batch."""
    wanted = (config.rounds + 1) * config.batches
    found = [batch.to(device) for batch, _ in zip(_whole(examples, config.batch_size), range(wanted), strict=False)]
    return found or [batch.to(device) for batch in sequential_batches(examples, examples.n_rows)]


def _whole(examples: Examples, batch_size: int) -> Iterator[Batch]:
    return (batch for batch in sequential_batches(examples, batch_size) if len(batch) == batch_size)


def scorer_of(logits: Predictor, batches: Sequence[Batch], before: Sequence[Callable[[], object]] = ()) -> Scorer:
    """Score batches in turn, from the first again after the last.

    Args:
        before: what is done before a batch, such as following its rows through trees; as many as there are batches.
    """

    def score(number: int) -> Tensor:
        place = number % len(batches)
        if before:
            before[place % len(before)]()
        return logits(batches[place])

    return score


def slices(matrix: NDArray[np.float32], n_batches: int, batch_size: int) -> list[NDArray[np.float32]]:
    """The rows that belong to each batch."""
    return [matrix[number * batch_size : (number + 1) * batch_size] for number in range(n_batches)]
