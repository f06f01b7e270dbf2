"""A short training without validation: what the size ladder does to each of its models."""

from __future__ import annotations

import torch

from autofis_kedro.data.batches import training_batches
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.resident import resident_if_it_fits
from autofis_kedro.models import CTRModel
from autofis_kedro.training.config import TrainingConfig
from autofis_kedro.training.evaluate import device_of
from autofis_kedro.training.memory import bytes_to_come
from autofis_kedro.training.optimizers import make_optimizers


def fine_tune(model: CTRModel, train: Examples, config: TrainingConfig, *, epochs: float, seed: int) -> None:
    """Train all weights with Adam for ``epochs`` passes (a fraction is allowed), the rate falling linearly to zero.

    Falling to zero because the models of a ladder are compared with each other: at a constant rate each would be caught
    at a random point of its fluctuation.
    """
    device = device_of(config)
    model.to(device)
    rows = resident_if_it_fits(train, device, bytes_to_come(model, config))
    optimizers = make_optimizers(model, config, None, 1)
    rates = optimizers.rates
    steps_per_epoch = -(-train.n_rows // config.batch_size)
    steps = max(1, round(epochs * steps_per_epoch))
    done = 0
    while done < steps:
        for batch in training_batches(rows, config.batch_size, seed=seed, epoch=done // steps_per_epoch):
            optimizers.set_rates([rate * (1 - done / steps) for rate in rates])
            model.train()
            batch = batch.to(device)
            optimizers.begin(batch)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(model(batch), batch.labels_B)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizers.step()
            done += 1
            if done >= steps:
                optimizers.flush()
                return
