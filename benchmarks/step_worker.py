"""The problem of the step benchmark and the process that times a step; imports no program that is measured.

Shapes: N rows, F fields.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Answer = dict[str, object]


@dataclass(frozen=True)
class StepProblem:
    """A model to train, or to predict with.

    Attributes:
        model: its name in ``step_models``.
        is_inference: a step is the prediction of a batch.
        mlp_precision: of the MLP's matrix products, ours alone.
        kept: share of the pairs that the model has, ours alone.
        fields: number of fields, each of ``ids // fields`` ids.
        ids: rows of the embedding table.
        embedding_dim: k.
        batch_size: rows of a step.
        batches: different batches, taken in turn.
        skew: exponent of the ids' distribution; 1 is uniform, so that a batch reads as many rows as it can. In a click
            log a few ids are frequent and most are rare.
    """

    model: str = "fm"
    is_inference: bool = False
    mlp_precision: str = "float32"
    kept: float = 1.0
    fields: int = 24
    ids: int = 600_000
    embedding_dim: int = 40
    batch_size: int = 2000
    batches: int = 20
    skew: float = 30.0

    @property
    def field_size(self) -> int:
        """Ids of one field."""
        return self.ids // self.fields

    def rows(self) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        """Ids within their fields [N, F] and labels [N]."""
        rng = np.random.default_rng(0)
        shape = (self.batches * self.batch_size, self.fields)
        ids_NF = (self.field_size * rng.random(shape) ** self.skew).astype(np.int32)
        return ids_NF, (rng.random(shape[0]) < 0.25).astype(np.uint8)

    def rows_read(self) -> float:
        """Different rows of the table that a batch reads, mean over the batches."""
        ids_NF, _ = self.rows()
        ids = ids_NF + np.arange(self.fields) * self.field_size
        starts = range(0, len(ids), self.batch_size)
        return float(np.mean([len(np.unique(ids[start : start + self.batch_size])) for start in starts]))


def serve(build: Callable[[StepProblem], tuple[Callable[[], float], Answer]]) -> None:
    """Build a model, then answer each line ``<fewest steps> <seconds>`` with the milliseconds of each step.

    Between the lines the process sleeps, so that blocks of several such processes can alternate.

    Args:
        build: gives the step, which returns its loss, and what to say about the model.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    step, about = build(StepProblem(**json.loads(sys.argv[1])))
    print(json.dumps(about), file=answers, flush=True)
    for line in sys.stdin:
        times, losses = [], []
        steps, seconds = int(line.split()[0]), float(line.split()[1])
        end = time.perf_counter() + seconds
        while len(times) < steps or time.perf_counter() < end:
            start = time.perf_counter()
            losses.append(step())
            times.append((time.perf_counter() - start) * 1e3)
        print(json.dumps({"milliseconds": times, "losses": losses}), file=answers, flush=True)
