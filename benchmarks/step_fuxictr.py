"""The steps of FuxiCTR's models, run by the Python of the peers' environment (``make bench-env``).

Adam, no regularizer. The step is ``BaseModel.train_step`` with the ``loss.item()`` that follows it in ``train_epoch``;
its gradient clipping is part of it. Batches lie ready in memory as its loader yields them, one int64 tensor per field.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib.metadata import version
from itertools import cycle

import torch

from benchmarks.fuxictr_models import Peer, feature_map
from benchmarks.step_models import PEERS
from benchmarks.step_worker import Answer, StepProblem, serve

MAX_GRADIENT_NORM = 10.0  # the default of BaseModel.fit
PLAIN = {"patience": 1, "l2_embedding": 0, "l2_net": 0, "learning_rate": 1e-3}


def _batches(problem: StepProblem) -> list[dict[str, torch.Tensor]]:
    ids_NF, labels_N = (torch.from_numpy(array) for array in problem.rows())
    found = []
    for start in range(0, len(labels_N), problem.batch_size):
        rows = slice(start, start + problem.batch_size)
        batch = {f"field_{i}": ids_NF[rows, i].long().contiguous() for i in range(problem.fields)}
        found.append({**batch, "label": labels_N[rows].float()})
    return found


def build(problem: StepProblem) -> tuple[Callable[[], float], Answer]:
    """The step and the size of its model."""
    setting = {"size": problem.embedding_dim, **PLAIN, **PEERS[problem.model]}
    model = Peer(feature_map([problem.field_size] * problem.fields), setting, tempfile.gettempdir())
    model._max_gradient_norm = MAX_GRADIENT_NORM
    model.train(not problem.is_inference)
    batches = cycle(_batches(problem))

    @torch.no_grad()
    def predict() -> float:
        return float(model.forward(next(batches))["y_pred"].data.cpu().numpy().reshape(-1)[0])

    about: Answer = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "torch": torch.__version__,
        "version": version("fuxictr"),
    }
    return predict if problem.is_inference else lambda: float(model.train_step(next(batches)).item()), about


if __name__ == "__main__":
    serve(build)
