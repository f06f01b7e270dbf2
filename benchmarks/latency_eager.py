"""FM and DeepFM in plain eager torch, with the weights of ours.

An embedding per field, as FuxiCTR and DeepCTR-Torch have it, with its vectors stacked.

Shapes: B rows, F fields, K embedding size.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from autofis_kedro.data.batches import Batch
from autofis_kedro.models import CTRModel
from autofis_kedro.models.mlp import MLP, Hidden
from autofis_kedro.models.norm import PlainBatchNorm


class Eager(nn.Module):
    """The same logits as a ``CTRModel`` that is an FM or a DeepFM with the paper's MLP."""

    def __init__(self, model: CTRModel) -> None:
        super().__init__()
        assert model.linear is not None
        assert model.embedding is not None
        self.first = torch.tensor(model.schema.offsets[:-1])
        sizes = [field.size for field in model.schema.fields]
        self.linear, self.embedding = (
            nn.ModuleList(nn.Embedding.from_pretrained(part.clone()) for part in table.weight.detach().split(sizes))
            for table in (model.linear, model.embedding)
        )
        self.bias = model.bias
        self.mlp = _sequential(model.mlp) if model.mlp is not None else None

    def forward(self, batch: Batch) -> Tensor:
        """Logits: [B]."""
        ids_BF = batch.one_hot_BO.long() - self.first
        linear_BF1, e_BFK = (
            torch.stack([table(ids_BF[:, field]) for field, table in enumerate(tables)], dim=1)
            for tables in (self.linear, self.embedding)
        )
        pairs_B = 0.5 * (e_BFK.sum(1).square() - e_BFK.square().sum(1)).sum(1)
        logit_B = linear_BF1.sum((1, 2)) + pairs_B
        logit_B = logit_B if self.bias is None else logit_B + self.bias
        return logit_B if self.mlp is None else logit_B + self.mlp(e_BFK.flatten(1)).squeeze(1)


class _Shift(nn.Module):
    def __init__(self, bias: nn.Parameter) -> None:
        super().__init__()
        self.bias = bias

    def forward(self, a_BU: Tensor) -> Tensor:
        return a_BU + self.bias


def _sequential(mlp: MLP) -> nn.Sequential:
    """The paper's: matrix, batch norm, bias, relu."""
    layers: list[nn.Module] = []
    for hidden in mlp.hidden:
        assert isinstance(hidden, Hidden)
        assert isinstance(hidden.norm, PlainBatchNorm)
        norm = nn.BatchNorm1d(len(hidden.bias), eps=hidden.norm.eps, affine=False)
        norm.running_mean, norm.running_var = hidden.norm.mean_U, hidden.norm.variance_U
        layers += [_linear(hidden.weight, None), norm, _Shift(hidden.bias), nn.ReLU()]
    return nn.Sequential(*layers, _linear(mlp.last.weight, mlp.last.bias))


def _linear(weight: Tensor, bias: nn.Parameter | None) -> nn.Linear:
    layer = nn.Linear(*weight.shape, bias=bias is not None)
    layer.weight = nn.Parameter(weight.detach().T.contiguous())
    layer.bias = bias
    return layer
