"""Initial values of the weights (oracle recordings of the authors' program; paper sec. 4.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from autofis_kedro.models.mlp import Hidden
from autofis_kedro.models.spec import ModelSpec

ALPHA_0 = 0.6
"""Middle of the uniform(0.599, 0.601) that every alpha starts from."""


@torch.no_grad()
def set_initial_values(model: nn.Module, spec: ModelSpec, generator: torch.Generator) -> None:
    """Draw every weight from the generator, in the order of the model's parameters.

    ``paper``: a table or matrix from uniform(+-sqrt(6 / sum of its shape)), biases 0, alpha from uniform(0.599, 0.601).
    """
    matrices = {id(layer.weight) for layer in model.modules() if isinstance(layer, Hidden)}
    for name, weight in model.named_parameters():
        if name.endswith("alpha_P"):
            weight.uniform_(0.599, 0.601, generator=generator)
        elif name.endswith("bias"):
            weight.zero_()
        elif name.endswith("scale"):
            weight.fill_(1.0)
        elif spec.initial == "paper" or id(weight) in matrices:
            bound = _bound(weight)
            weight.uniform_(-bound, bound, generator=generator)
        else:
            weight.normal_(0.0, spec.initial_std, generator=generator)


def _bound(weight: Tensor) -> float:
    # The linear weights are one-dimensional in the authors' program: n, not n + 1.
    size = weight.shape[0] if weight.shape[-1] == 1 and weight.dim() == 2 else sum(weight.shape)
    return float((6.0 / size) ** 0.5)
