"""Our factorization machine's step: a batch out of the shuffled examples, then the update of the training loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import numpy as np
import torch

from autofis_kedro.data.batches import Batch, training_batches
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Field, Schema
from autofis_kedro.models import CTRModel, ModelSpec
from autofis_kedro.training import TrainingConfig
from autofis_kedro.training.allocator import keep_large_buffers
from autofis_kedro.training.loop import _update
from autofis_kedro.training.optimizers import make_optimizers
from autofis_kedro.training.run import Run
from benchmarks.step_worker import StepProblem, serve


def build(problem: StepProblem) -> tuple[Callable[[], float], dict[str, object]]:
    """The step and the size of its model; prepared as ``fit`` prepares it."""
    field_names = [f"C{i + 1}" for i in range(problem.fields)]
    fields = tuple(Field(name=name, kind="categorical", size=problem.field_size) for name in field_names)
    schema = Schema(dataset="benchmark", fields=fields)
    ids_NF, labels_N = problem.rows()
    examples = Examples.from_arrays(ids_NF + np.array(schema.offsets[:-1], dtype=np.int32), labels_N)
    config = TrainingConfig(batch_size=problem.batch_size)
    keep_large_buffers()
    model = CTRModel(ModelSpec(embedding_dim=problem.embedding_dim), schema)
    run = Run(model, make_optimizers(model, config, None, problem.batches), config, problem.batches, None)
    batches = _endless(examples, config.batch_size)
    about: dict[str, object] = {"parameters": model.n_parameters(), "torch": torch.__version__}
    return lambda: _update(run, next(batches)), about


def _endless(examples: Examples, batch_size: int) -> Iterator[Batch]:
    for epoch in count():
        yield from training_batches(examples, batch_size, seed=0, epoch=epoch)


if __name__ == "__main__":
    serve(build)
