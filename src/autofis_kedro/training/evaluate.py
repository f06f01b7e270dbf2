"""Predictions of a model over whole splits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from autofis_kedro.data.batches import Rows, sequential_batches, training_batches
from autofis_kedro.errors import UserError
from autofis_kedro.models import CTRModel, predictor
from autofis_kedro.models.norm import estimating
from autofis_kedro.training.config import TrainingConfig
from autofis_kedro.training.memory import step_bytes

Probabilities = Callable[[Rows], NDArray[np.float32]]
"""From rows to their probabilities [N]."""
FEWEST_ROWS = 64
BYTES_AT_ONCE = 40_000_000


def device_of(config: TrainingConfig) -> torch.device:
    """The device that the configuration asks for.

    Raises:
        UserError: cuda asked for where there is none.
    """
    if config.device == "cuda" and not torch.cuda.is_available():
        raise UserError("device 'cuda': torch finds no CUDA device; use device=cpu or device=auto")
    is_cuda = config.device == "cuda" or (config.device == "auto" and torch.cuda.is_available())
    return torch.device("cuda" if is_cuda else "cpu")


@torch.no_grad()
def prepare_for_evaluation(model: CTRModel, train: Rows, config: TrainingConfig) -> None:
    """Evaluation mode: untrained ids borrow their field's rare values, batch norm knows the statistics of these
    weights.

    Moving averages with the paper's momentum are far from converged after a few hundred steps; a pass over train rows
    gives the statistics that belong to the present weights (``batch_norm_statistics: estimated``).
    """
    model.eval()
    model.lend_to_untrained()
    if config.batch_norm_statistics == "moving":
        return
    device = device_of(config)
    with estimating(model) as has_norms:
        if not has_norms:
            return
        seen = 0
        # Seed and epoch are fixed: the same weights always get the same statistics.
        for batch in training_batches(train, config.evaluation_batch_size, seed=0, epoch=0):
            model(batch.to(device))
            seen += len(batch)
            if seen >= config.statistics_rows:
                break


def rows_at_once(model: CTRModel) -> int:
    """Rows whose tensors stay near the processor.

    In plain torch an FFM of 70 fields scores almost four times as many rows per second in batches of 100 as in batches
    of 10,000, of which each tensor has gigabytes.
    """
    n_pairs, n_triples = (len(kept) for kept in model.kept)
    per_row = step_bytes(model.spec, model.schema.n_fields, n_pairs, n_triples, batch_size=1)
    return max(FEWEST_ROWS, BYTES_AT_ONCE // per_row)


def predict(model: CTRModel, examples: Rows, config: TrainingConfig) -> NDArray[np.float32]:
    """Predicted probabilities of every row in stored order: float32 [N].

    Raises:
        UserError: a logit is not finite.
    """
    return probabilities_of(model, config)(examples)


def probabilities_of(model: CTRModel, config: TrainingConfig) -> Probabilities:
    """``predict`` for many examples in turn, prepared once; nothing may change the model from now on."""
    device = device_of(config)
    rows = min(config.evaluation_batch_size, rows_at_once(model))
    logits = predictor(model)

    @torch.no_grad()
    def probabilities(examples: Rows) -> NDArray[np.float32]:
        parts = [torch.sigmoid(logits(batch.to(device))).cpu().numpy() for batch in sequential_batches(examples, rows)]
        found: NDArray[np.float32] = np.concatenate(parts)
        if not np.isfinite(found).all():
            row = int(np.flatnonzero(~np.isfinite(found))[0])
            raise UserError(f"the prediction for row {row} is not a finite number: lower learning_rate")
        return found

    return probabilities
