"""A short training without validation: what the size ladder does to each of its models."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import torch

from autofis_kedro.data.batches import Batch, Rows, training_batches
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.resident import resident_if_it_fits
from autofis_kedro.models import CTRModel
from autofis_kedro.training.config import TrainingConfig
from autofis_kedro.training.divergence import check_loss
from autofis_kedro.training.evaluate import device_of
from autofis_kedro.training.memory import bytes_to_come
from autofis_kedro.training.optimizers import optimizers_of


def fine_tune(model: CTRModel, train: Examples, config: TrainingConfig, *, epochs: float, seed: int) -> None:
    """Train all weights with Adam for ``epochs`` passes (a fraction is allowed), the rate falling linearly to zero.

    Falling to zero because the models of a ladder are compared with each other: at a constant rate each would be caught
    at a random point of its fluctuation.
    """
    device = device_of(config)
    model.to(device)
    rows = resident_if_it_fits(train, device, bytes_to_come(model, config))
    steps_per_epoch = -(-train.n_rows // config.batch_size)
    steps = max(1, round(epochs * steps_per_epoch))
    with optimizers_of(model, config, None, 1) as optimizers:
        rates = optimizers.rates
        for done, batch in zip(range(steps), _batches(rows, config.batch_size, seed), strict=False):
            optimizers.set_rates([rate * (1 - done / steps) for rate in rates])
            model.train()
            batch = batch.to(device)
            optimizers.begin(batch)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(model(batch), batch.labels_B)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizers.step()
        check_loss(loss.item(), f"after {steps} steps of fine-tuning", config, None)


def _batches(rows: Rows, batch_size: int, seed: int) -> Iterator[Batch]:
    """Epoch after epoch, without end."""
    for epoch in count():
        yield from training_batches(rows, batch_size, seed=seed, epoch=epoch)
