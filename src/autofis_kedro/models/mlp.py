"""The MLP layer (paper Eq. 5) to one logit.

Shapes: B rows, D inputs, E of them embeddings, X others, N units of the first layer, U of any.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, pairwise

import torch
from torch import Tensor, nn

from autofis_kedro.compiled.processor import has_bfloat16_unit
from autofis_kedro.data.batches import Batch
from autofis_kedro.models.distinct_rows import DistinctRows, distinct_rows, product_of_rows
from autofis_kedro.models.embeddings import FieldTable
from autofis_kedro.models.matmul import Precision, matmul
from autofis_kedro.models.norm import PlainBatchNorm
from autofis_kedro.models.room import Room
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
        return self.activations(matmul(a_BD, self.weight, self.bias_before_norm, precision))

    @property
    def bias_before_norm(self) -> Tensor | None:
        """A bias before batch norm would cancel, so the one after it serves ``affine`` as the shift."""
        return self.bias if self.norm is None else None

    def activations(self, z_BU: Tensor) -> Tensor:
        """Activations from the product and its bias, which may be overwritten: [B, n_out], of its type or float32."""
        out: Tensor = self.dropout(self._normalised_relu(z_BU))
        return out

    def _normalised_relu(self, z_BU: Tensor) -> Tensor:
        if self.norm is None:
            return torch.relu_(z_BU)  # in place: only its own sign is needed afterwards
        scale = torch.ones_like(self.bias) if self.scale is None else self.scale
        if isinstance(self.norm, PlainBatchNorm):
            return self.norm.relu(z_BU, scale, self.bias)
        return torch.relu(torch.addcmul(self.bias, self.norm(z_BU.to(scale.dtype)), scale))


def _norm(spec: MLPSpec, n_units: int) -> nn.Module | None:
    if spec.normalization == "none":
        return None
    is_layer = spec.normalization == "layer"
    return nn.LayerNorm(n_units, elementwise_affine=False) if is_layer else PlainBatchNorm(n_units)


class MLP(nn.Module):
    """Hidden layers and a last layer to one logit, which has neither norm nor activation.

    Attributes:
        training_precision: of the hidden layers' matrix products while training, and of what goes from one to the next;
            a product of ``DistinctRows`` is float32 in each. Evaluation is in float32.
    """

    def __init__(self, n_in: int, spec: MLPSpec) -> None:
        super().__init__()
        sizes = [n_in, *spec.hidden]
        self.hidden = nn.ModuleList(Hidden(a, b, spec) for a, b in pairwise(sizes))
        self.last = Hidden(sizes[-1], 1, MLPSpec(hidden=(1,), normalization="none"))
        self.training_precision: Precision = "float32"
        self._room = Room()

    def rows_to_share(self, table: FieldTable, batch: Batch) -> DistinctRows | None:
        """The table rows of a batch in the form that ``forward`` takes as well, where that is faster.

        Their product is float32 in every precision: a bfloat16 one of all reads is faster only by a unit made for it.
        """
        if not self.training or (self.training_precision == "bfloat16" and has_bfloat16_unit()):
            return None
        return distinct_rows(table, batch, self._first.weight.shape[1])

    def forward(self, e_BE: Tensor | DistinctRows, others: Sequence[Tensor] = ()) -> Tensor:
        """Logits: [B].

        Args:
            e_BE: embeddings as the first inputs, or the table rows that they are.
            others: further inputs, [B, some] each.
        """
        a_BU = self._first.activations(self._first_product(e_BE, others))
        for layer in islice(self.hidden, 1, None):
            a_BU = layer(a_BU, self._precision)
        last = self.last
        return torch.addmm(last.bias, a_BU.to(last.weight.dtype), last.weight).squeeze(1)

    def _first_product(self, e_BE: Tensor | DistinctRows, others: Sequence[Tensor]) -> Tensor:
        weight_DN, bias_N = self._first.weight, self._first.bias_before_norm
        if isinstance(e_BE, DistinctRows):
            others_BX = torch.cat(list(others), dim=1) if others else None
            return product_of_rows(e_BE, others_BX, weight_DN, bias_N, self._room)
        a_BD = torch.cat([e_BE, *others], dim=1) if others else e_BE
        return matmul(a_BD, weight_DN, bias_N, self._precision)

    @property
    def _first(self) -> Hidden:
        first = self.hidden[0]
        assert isinstance(first, Hidden)
        return first

    @property
    def _precision(self) -> Precision:
        return self.training_precision if self.training else "float32"
