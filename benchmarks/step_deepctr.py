"""The steps of DeepCTR-Torch's models, run by the Python of the peers' environment (``make bench-env``).

Adam, no regularizer. The step is what its ``BaseModel.fit`` does with a batch when it prints nothing. Batches lie ready
in memory as its loader yields them: one float32 matrix with a column per field.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from itertools import cycle

import torch
from deepctr_torch.inputs import SparseFeat
from deepctr_torch.models import AFM, PNN, DeepFM
from deepctr_torch.models.basemodel import BaseModel

from benchmarks.step_models import PEERS
from benchmarks.step_worker import Answer, StepProblem, serve

NO_PENALTY = {"l2_reg_embedding": 0, "device": "cpu"}


def _model(problem: StepProblem) -> BaseModel:
    setting = PEERS[problem.model]
    size, kind = setting.get("size", problem.embedding_dim), setting["model"]
    columns = [SparseFeat(f"C{i}", problem.field_size, embedding_dim=size) for i in range(problem.fields)]
    net = {"dnn_hidden_units": tuple(setting.get("hidden", ()))}
    if kind == "afm":
        attention = {"attention_factor": setting["attention"], "l2_reg_att": 0}
        return AFM(columns, columns, l2_reg_linear=0, **attention, **NO_PENALTY)
    if kind == "ipnn":
        return PNN(columns, **net, **NO_PENALTY)
    if kind in ("fm", "deepfm"):  # without hidden units its DeepFM is a factorization machine
        normalization = {"dnn_use_bn": setting.get("batch_norm", False)}
        return DeepFM(columns, columns, l2_reg_linear=0, **net, **normalization, **NO_PENALTY)
    raise SystemExit(f"DeepCTR-Torch has no {kind}")


def build(problem: StepProblem) -> tuple[Callable[[], float], Answer]:
    """The step and the size of its model."""
    model = _model(problem)
    model.compile("adam", "binary_crossentropy")
    model.train(not problem.is_inference)
    ids_NF, labels_N = (torch.from_numpy(array).float() for array in problem.rows())
    batches = cycle(list(zip(ids_NF.split(problem.batch_size), labels_N.split(problem.batch_size), strict=True)))

    def train() -> float:
        ids_BF, labels_B = next(batches)
        probabilities_B = model(ids_BF.float()).squeeze(-1)
        model.optim.zero_grad()
        loss = model.loss_func(probabilities_B, labels_B.float(), reduction="sum")
        total = loss + model.get_regularization_loss() + model.aux_loss
        value = loss.item()
        total.item()
        total.backward()
        model.optim.step()
        return value / len(labels_B)

    @torch.no_grad()
    def predict() -> float:
        return float(model(next(batches)[0].float()).cpu().data.numpy().reshape(-1)[0])

    about: Answer = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "torch": torch.__version__,
        "version": version("deepctr-torch"),
    }
    return predict if problem.is_inference else train, about


if __name__ == "__main__":
    serve(build)
