"""Pair products compiled by numba: the vectors of one row lie in the nearest cache, and only chosen pairs cost time.

Shapes: B rows, F fields, K embedding size, P pairs, T parts of the rows,
S numbers of a padded vector.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

import numpy as np
from numba import njit, prange
from torch import Tensor

from autofis_kedro.compiled.dots import put_dots
from autofis_kedro.compiled.loops import FAST, PARTS, ZERO, Array, arrays
from autofis_kedro.compiled.threads import use_torch_threads
from autofis_kedro.models.embeddings import one_row_each
from autofis_kedro.models.pair_products import TorchPairProducts
from autofis_kedro.models.weighted_pairs_numba import Line, Reads, gradients, padded_rows, products, read_row


class NumbaPairProducts(TorchPairProducts):
    """For float32 on the CPU."""

    def products(self, e_BFK: Tensor, pairs_2P: Tensor) -> Tensor:
        """As ``TorchPairProducts``."""
        return products(_reads(e_BFK, pairs_2P))[0]

    def gradient(self, e_BFK: Tensor, pairs_2P: Tensor, gradient_BP: Tensor) -> Tensor:
        """As ``TorchPairProducts``."""
        none_P = gradient_BP.new_zeros(gradient_BP.shape[1])
        as_it_is = Line(none_P + 1, none_P, none_P)
        into_ZK, _ = gradients(_reads(e_BFK, pairs_2P), gradient_BP, gradient_BP.new_zeros(len(e_BFK)), as_it_is)
        return into_ZK.view(e_BFK.shape)


def weighted_sum(table_NK: Tensor, rows_BF: Tensor, pairs_2P: Tensor, weight_P: Tensor) -> Tensor:
    """``sum_p weight_p <e_i, e_j>``, e_i being the table's row ``rows_BF[:, i]``: [B]."""
    use_torch_threads()
    out_B = table_NK.new_empty(len(rows_BF))
    e_TFS = padded_rows(table_NK, rows_BF.shape[1])
    _weighted_sum(*arrays(table_NK, rows_BF, *pairs_2P, weight_P, out_B, e_TFS))
    return out_B


def _reads(e_BFK: Tensor, pairs_2P: Tensor) -> Reads:
    vectors_ZK, rows_BF = one_row_each(e_BFK)
    return Reads(vectors_ZK, rows_BF, pairs_2P[0], pairs_2P[1], e_BFK.new_empty(0, e_BFK.shape[2]))


@njit(parallel=True, cache=True, fastmath=FAST)
def _weighted_sum(
    table_NK: Array, rows_BF: Array, first_P: Array, second_P: Array, weight_P: Array, out_B: Array, e_TFS: Array
) -> None:
    rows = len(rows_BF)
    for part in prange(PARTS):
        product_P = np.empty(len(first_P), np.float32)
        for b in range(rows * part // PARTS, rows * (part + 1) // PARTS):
            read_row(table_NK, rows_BF, b, e_TFS[part])
            put_dots(e_TFS[part], first_P, second_P, product_P)
            total = ZERO
            for p in range(len(first_P)):
                total += weight_P[p] * product_P[p]
            out_B[b] = total
