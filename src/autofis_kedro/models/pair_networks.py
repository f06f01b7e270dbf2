"""A small network for every pair (PIN, Qu et al. 2018: the paper's reference 25).

Shapes: B rows, F fields, K embedding size, P pairs, H hidden units, D numbers out.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from autofis_kedro.models.interactions import positions
from autofis_kedro.models.spec import PairNetworkSpec

LARGEST_BYTES = 32 << 20
"""Of the networks' input at a time. Larger tensors get fresh pages from the system at every step: with Criteo's 741
pairs all rows at once take twice as long."""


class PairNetworks(nn.Module):
    """``relu(layer_norm(W_p [e_i, e_j, e_i * e_j] + b_p)) V_p + c_p`` for each pair p."""

    pairs_2P: Tensor

    def __init__(self, pairs: tuple[tuple[int, ...], ...], embedding_dim: int, spec: PairNetworkSpec) -> None:
        super().__init__()
        self.register_buffer("pairs_2P", positions(pairs), persistent=False)
        self.first_PXH = nn.Parameter(torch.empty(len(pairs), 3 * embedding_dim, spec.hidden))
        self.hidden_bias = nn.Parameter(torch.empty(len(pairs), 1, spec.hidden))
        self.second_PHD = nn.Parameter(torch.empty(len(pairs), spec.hidden, spec.out))
        self.out_bias = nn.Parameter(torch.empty(len(pairs), 1, spec.out))

    def values(self, e_BFK: Tensor) -> Tensor:
        """What every pair's network says, side by side: [B, P * D]."""
        bytes_per_row = self.first_PXH.shape[0] * self.first_PXH.shape[1] * e_BFK.element_size()
        return torch.cat([self._values(part) for part in torch.split(e_BFK, max(1, LARGEST_BYTES // bytes_per_row))])

    def _values(self, e_BFK: Tensor) -> Tensor:
        first_PBK, second_PBK = (e_BFK.transpose(0, 1).index_select(0, fields) for fields in self.pairs_2P)
        x_PBX = torch.cat([first_PBK, second_PBK, first_PBK * second_PBK], dim=2)
        hidden_PBH = torch.baddbmm(self.hidden_bias, x_PBX, self.first_PXH)
        hidden_PBH = torch.relu(nn.functional.layer_norm(hidden_PBH, hidden_PBH.shape[-1:]))
        out_PBD = torch.baddbmm(self.out_bias, hidden_PBH, self.second_PHD)
        return out_PBD.transpose(0, 1).flatten(1)
