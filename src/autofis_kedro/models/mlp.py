"""The MLP layer (paper Eq. 5) to one logit.

Shapes: B rows, D inputs.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from autofis_kedro.models.matmul import Precision, matmul
from autofis_kedro.models.norm import PlainBatchNorm
from autofis_kedro.models.spec import MLPSpec


class Hidden(nn.Module):
    """One hidden layer; ``paper`` and ``layer`` put the norm between the matrix and the bias."""

    def __init__(self, n_in: int, n_out: int, spec: MLPSpec) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_in, n_out))
        self.bias = nn.Parameter(torch.zeros(n_out))
        self.norm = _norm(spec, n_out)
        self.scale = nn.Parameter(torch.ones(n_out)) if spec.normalization == "affine" else None
        self.dropout = nn.Dropout(spec.dropout) if spec.dropout else nn.Identity()

    def forward(self, a_BD: Tensor, precision: Precision = "float32") -> Tensor:
        """Activations of the layer: [B, n_out]."""
        out: Tensor = self.dropout(self._activations(a_BD, precision))
        return out

    def _activations(self, a_BD: Tensor, precision: Precision) -> Tensor:
        if self.norm is None:
            return torch.relu(matmul(a_BD, self.weight, self.bias, precision))
        # A bias before batch norm would cancel, so one after it serves `affine` as the shift.
        z = matmul(a_BD, self.weight, None, precision)
        scale = torch.ones_like(self.bias) if self.scale is None else self.scale
        if isinstance(self.norm, PlainBatchNorm):
            return self.norm.relu(z, scale, self.bias)
        return torch.relu(torch.addcmul(self.bias, self.norm(z), scale))


def _norm(spec: MLPSpec, n_units: int) -> nn.Module | None:
    if spec.normalization == "none":
        return None
    is_layer = spec.normalization == "layer"
    return nn.LayerNorm(n_units, elementwise_affine=False) if is_layer else PlainBatchNorm(n_units)


class MLP(nn.Module):
    """Hidden layers and a last layer to one logit, which has neither norm nor activation.

    Attributes:
        training_precision: of the hidden layers' matrix products while training; evaluation is in float32.
    """

    def __init__(self, n_in: int, spec: MLPSpec) -> None:
        super().__init__()
        sizes = [n_in, *spec.hidden]
        self.hidden = nn.ModuleList(Hidden(a, b, spec) for a, b in pairwise(sizes))
        self.last = Hidden(sizes[-1], 1, MLPSpec(hidden=(1,), normalization="none"))
        self.training_precision: Precision = "float32"

    def forward(self, a_BD: Tensor) -> Tensor:
        """Logits: [B]."""
        precision = self.training_precision if self.training else "float32"
        for layer in self.hidden:
            a_BD = layer(a_BD, precision)
        return torch.addmm(self.last.bias, a_BD, self.last.weight).squeeze(1)
