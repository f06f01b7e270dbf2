"""Pair products compiled by numba: the vectors of one row lie in the nearest cache, and only chosen pairs cost time.

Shapes: B rows, F fields, K embedding size, P pairs.
"""

from __future__ import annotations

from torch import Tensor

from autofis_kedro.models.embeddings import one_row_each
from autofis_kedro.models.pair_products import TorchPairProducts
from autofis_kedro.models.weighted_pairs_numba import Line, Reads, gradients, products


class NumbaPairProducts(TorchPairProducts):
    """For float32 on the CPU."""

    def products(self, e_BFK: Tensor, pairs_2P: Tensor) -> Tensor:
        """As ``TorchPairProducts``."""
        return products(_reads(e_BFK, pairs_2P))[0]

    def gradient(self, e_BFK: Tensor, pairs_2P: Tensor, gradient_BP: Tensor) -> Tensor:
        """As ``TorchPairProducts``."""
        none_P = gradient_BP.new_zeros(gradient_BP.shape[1])
        as_it_is = Line(none_P + 1, none_P, none_P)
        into_BFK = e_BFK.new_empty(e_BFK.shape)
        no_sum_B = gradient_BP.new_zeros(len(e_BFK))
        gradients(_reads(e_BFK, pairs_2P), gradient_BP, no_sum_B, as_it_is, into_BFK.flatten(0, 1))
        return into_BFK


def _reads(e_BFK: Tensor, pairs_2P: Tensor) -> Reads:
    vectors_ZK, rows_BF = one_row_each(e_BFK)
    return Reads(vectors_ZK, rows_BF, pairs_2P[0], pairs_2P[1], e_BFK.new_empty(0, e_BFK.shape[2]))
