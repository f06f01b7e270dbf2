"""Our models' steps: a batch out of the shuffled examples, then the update of the training loop; or its prediction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count, cycle

import numpy as np
import torch

from autofis_kedro.data.batches import Batch, sequential_batches, training_batches
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Field, Schema
from autofis_kedro.models import CTRModel, ModelSpec, predictor
from autofis_kedro.models.interactions import PairInteractions
from autofis_kedro.training import SearchConfig, TrainingConfig
from autofis_kedro.training.allocator import keep_large_buffers
from autofis_kedro.training.loop import _update
from autofis_kedro.training.optimizers import make_optimizers
from autofis_kedro.training.run import Run
from benchmarks.step_models import OURS
from benchmarks.step_worker import Answer, StepProblem, serve


def build(problem: StepProblem) -> tuple[Callable[[], float], Answer]:
    """The step and the size of its model; prepared as ``fit`` prepares it."""
    model, examples = model_and_examples(problem)
    step = _inference(model, examples, problem) if problem.is_inference else _training(model, examples, problem)
    return step, {"parameters": model.n_parameters(), "torch": torch.__version__}


def model_and_examples(problem: StepProblem) -> tuple[CTRModel, Examples]:
    """The model with its initial weights, and all rows of the problem."""
    schema, examples = examples_of(problem)
    keep_large_buffers()
    spec = ModelSpec.model_validate({"embedding_dim": problem.embedding_dim, **OURS[problem.model]})
    pairs = schema.tuples(2)
    chosen = np.random.default_rng(0).permutation(len(pairs))[: max(1, round(problem.kept * len(pairs)))]
    model = CTRModel(spec, schema, tuple(pairs[place] for place in sorted(chosen)))
    if problem.model == "fm_enumerated" and isinstance(model.interactions, PairInteractions):
        model.interactions._is_plain_sum = False
    return model, examples


def examples_of(problem: StepProblem) -> tuple[Schema, Examples]:
    """All rows of the problem and their schema."""
    field_names = [f"C{i + 1}" for i in range(problem.fields)]
    fields = tuple(Field(name=name, kind="categorical", size=problem.field_size) for name in field_names)
    schema = Schema(dataset="benchmark", fields=fields)
    ids_NF, labels_N = problem.rows()
    return schema, Examples.from_arrays(ids_NF + np.array(schema.offsets[:-1], dtype=np.int32), labels_N)


def training(model: CTRModel, examples: Examples, problem: StepProblem) -> tuple[Run, Iterator[Batch]]:
    """The state of a training and its batches without end."""
    config = TrainingConfig(batch_size=problem.batch_size, mlp_precision=problem.mlp_precision)
    search = SearchConfig(epochs=1000) if problem.model.endswith("search") else None
    run = Run(model, make_optimizers(model, config, search, problem.batches), config, problem.batches, search)
    return run, _endless(examples, config.batch_size)


def _training(model: CTRModel, examples: Examples, problem: StepProblem) -> Callable[[], float]:
    run, batches = training(model, examples, problem)
    return lambda: _update(run, next(batches))


def _inference(model: CTRModel, examples: Examples, problem: StepProblem) -> Callable[[], float]:
    batches = cycle(list(sequential_batches(examples, problem.batch_size)))
    logits = predictor(model)  # as ``predict`` and ``time_inference`` score

    @torch.inference_mode()
    def step() -> float:
        return float(torch.sigmoid(logits(next(batches))).numpy()[0])

    return step


def _endless(examples: Examples, batch_size: int) -> Iterator[Batch]:
    for epoch in count():
        yield from training_batches(examples, batch_size, seed=0, epoch=epoch)


if __name__ == "__main__":
    serve(build)
