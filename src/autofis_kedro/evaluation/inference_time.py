"""How long models take to score rows: the paper's "time", 2 million rows in batches of 2,000, the model alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median

import torch
from pydantic import Field as Bounded

from autofis_kedro.config import Frozen, Options

Scorer = Callable[[int], object]
"""Scores the batch of a number."""


class InferenceConfig(Options):
    """How inference is timed.

    Attributes:
        rows: that the time is stated for.
        batch_size: rows of a batch.
        rounds: in each of which every model is timed in turn, so that what else the machine does falls on all alike.
        batches: that a model scores in a round.
    """

    rows: int = Bounded(default=2_000_000, ge=1)
    batch_size: int = Bounded(default=2_000, ge=1)
    rounds: int = Bounded(default=5, ge=1)
    batches: int = Bounded(default=50, ge=1)


class InferenceTimes(Frozen):
    """What was measured.

    Attributes:
        rows: that the seconds are stated for.
        batch_size: rows of a batch.
        device: where.
        threads: of the processor, as torch uses it.
        seconds: for ``rows`` rows by model, from the median round.
    """

    rows: int
    batch_size: int
    device: str
    threads: int
    seconds: Mapping[str, float]


def time_inference(
    scorers: Mapping[str, Scorer], batch_rows: int, device: torch.device, config: InferenceConfig
) -> InferenceTimes:
    """Time every scorer: a warm-up round, then ``rounds`` rounds; batches are counted on from round to round.

    Args:
        batch_rows: rows that a scorer's batch holds.
    """
    taken: dict[str, list[float]] = {name: [] for name in scorers}
    for number in range(config.rounds + 1):
        first = number * config.batches
        for name, scorer in scorers.items():
            seconds = _seconds(scorer, range(first, first + config.batches), device)
            if number:
                taken[name].append(seconds)
    n_batches = config.rows / batch_rows
    return InferenceTimes(
        rows=config.rows,
        batch_size=batch_rows,
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU",
        threads=torch.get_num_threads(),
        seconds={name: median(found) / config.batches * n_batches for name, found in taken.items()},
    )


@torch.no_grad()
def _seconds(scorer: Scorer, numbers: range, device: torch.device) -> float:
    _synchronize(device)
    start = time.perf_counter()
    for number in numbers:
        scorer(number)
    _synchronize(device)
    return time.perf_counter() - start


def _synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
