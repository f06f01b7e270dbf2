"""FuxiCTR's factorization machine's step, run by the Python of the peers' environment (``make bench-env``).

The distributed package leaves its ranking models out, so the model is put together here from FuxiCTR's own layers,
as its configuration ``FM_default`` asks: Adam, no regularizer. The step is ``BaseModel.train_step`` with the
``loss.item()`` that follows it in ``train_epoch``; its gradient clipping is part of it. Batches lie ready in memory as
its loader yields them, one int64 tensor per field.
"""

from __future__ import annotations

import tempfile
from collections import OrderedDict
from collections.abc import Callable
from importlib.metadata import version
from itertools import cycle
from typing import Any

import torch
from fuxictr.features import FeatureMap
from fuxictr.pytorch.layers import FactorizationMachine, FeatureEmbedding
from fuxictr.pytorch.models import BaseModel

from benchmarks.step_worker import StepProblem, serve

MAX_GRADIENT_NORM = 10.0  # the default of BaseModel.fit


class PeerFM(BaseModel):  # type: ignore[misc]
    """Linear weights and all pair products."""

    def __init__(self, feature_map: FeatureMap, embedding_dim: int, model_root: str) -> None:
        super().__init__(feature_map, model_root=model_root, metrics=["logloss"], verbose=0)
        self.embeddings = FeatureEmbedding(feature_map, embedding_dim)
        self.factorization_machine = FactorizationMachine(feature_map)
        self.compile("adam", "binary_crossentropy", lr=1e-3)
        self.reset_parameters()
        self.model_to_device()
        self._max_gradient_norm = MAX_GRADIENT_NORM

    def forward(self, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        ids = self.get_inputs(inputs)
        logit_B1 = self.factorization_machine(ids, self.embeddings(ids))
        return {"y_pred": self.output_activation(logit_B1)}


def _feature_map(problem: StepProblem) -> FeatureMap:
    features = FeatureMap("benchmark", data_dir=".")
    field = {"type": "categorical", "source": "", "vocab_size": problem.field_size}
    features.features = OrderedDict((f"C{i + 1}", dict(field)) for i in range(problem.fields))
    features.labels = ["label"]
    features.num_fields = features.get_num_fields()
    features.set_column_index()
    return features


def _batches(problem: StepProblem) -> list[dict[str, torch.Tensor]]:
    ids_NF, labels_N = (torch.from_numpy(array) for array in problem.rows())
    found = []
    for start in range(0, len(labels_N), problem.batch_size):
        rows = slice(start, start + problem.batch_size)
        batch = {f"C{i + 1}": ids_NF[rows, i].long().contiguous() for i in range(problem.fields)}
        found.append({**batch, "label": labels_N[rows].float()})
    return found


def build(problem: StepProblem) -> tuple[Callable[[], float], dict[str, Any]]:
    """The step and the size of its model."""
    model = PeerFM(_feature_map(problem), problem.embedding_dim, tempfile.gettempdir())
    model.train()
    batches = cycle(_batches(problem))
    about = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "torch": torch.__version__,
        "fuxictr": version("fuxictr"),
    }
    return lambda: float(model.train_step(next(batches)).item()), about


if __name__ == "__main__":
    serve(build)
