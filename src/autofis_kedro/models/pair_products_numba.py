"""Pair products compiled by numba: the vectors of one row lie in the nearest cache, and only chosen pairs cost time.

Shapes: B rows, F fields, K embedding size, P pairs.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

import numpy as np
import torch
from numba import njit, prange
from torch import Tensor

from autofis_kedro.compiled.loops import FAST, PARTS, ZERO, Array, arrays
from autofis_kedro.compiled.prefetch import prefetch_read
from autofis_kedro.compiled.threads import use_torch_threads
from autofis_kedro.models.pair_products import TorchPairProducts

DENSE = 0.6
"""From this share of all pairs on a matrix product of [F, F] and [F, K] is the faster backward pass."""


class NumbaPairProducts(TorchPairProducts):
    """For float32 on the CPU."""

    def products(self, e_BFK: Tensor, pairs_2P: Tensor) -> Tensor:
        """As ``TorchPairProducts``."""
        use_torch_threads()
        product_BP = torch.empty(len(e_BFK), pairs_2P.shape[1])
        _products(*arrays(e_BFK, *pairs_2P, product_BP))
        return product_BP

    def gradient(self, e_BFK: Tensor, pairs_2P: Tensor, gradient_BP: Tensor) -> Tensor:
        """As ``TorchPairProducts``."""
        n_fields = e_BFK.shape[1]
        if pairs_2P.shape[1] >= DENSE * n_fields * (n_fields - 1) / 2:
            return super().gradient(e_BFK, pairs_2P, gradient_BP)
        use_torch_threads()
        into_BFK = torch.empty(e_BFK.shape)
        _gradient(*arrays(e_BFK, *pairs_2P, gradient_BP, into_BFK))
        return into_BFK

    def symmetric(self, gradient_BP: Tensor, pairs_2P: Tensor, n_fields: int) -> Tensor:
        """As ``TorchPairProducts``."""
        use_torch_threads()
        gradient_BFF = torch.empty(len(gradient_BP), n_fields, n_fields)
        _symmetric(*arrays(gradient_BP, *pairs_2P, gradient_BFF))
        return gradient_BFF


def weighted_sum(table_NK: Tensor, rows_BF: Tensor, pairs_2P: Tensor, weight_P: Tensor) -> Tensor:
    """``sum_p weight_p <e_i, e_j>``, e_i being the table's row ``rows_BF[:, i]``: [B]."""
    use_torch_threads()
    out_B = torch.empty(len(rows_BF))
    _weighted_sum(*arrays(table_NK, rows_BF, *pairs_2P, weight_P, out_B))
    return out_B


@njit(parallel=True, cache=True, fastmath=FAST)
def _products(e_BFK: Array, first_P: Array, second_P: Array, product_BP: Array) -> None:
    for b in prange(len(e_BFK)):
        for p in range(len(first_P)):
            i, j = first_P[p], second_P[p]
            product = ZERO
            for k in range(e_BFK.shape[2]):
                product += e_BFK[b, i, k] * e_BFK[b, j, k]
            product_BP[b, p] = product


@njit(parallel=True, cache=True, fastmath=FAST)
def _weighted_sum(
    table_NK: Array, rows_BF: Array, first_P: Array, second_P: Array, weight_P: Array, out_B: Array
) -> None:
    rows, fields, size = len(rows_BF), rows_BF.shape[1], table_NK.shape[1]
    for part in prange(PARTS):
        e_FK = np.empty((fields, size), np.float32)  # read from far once, from near for each pair
        for b in range(rows * part // PARTS, rows * (part + 1) // PARTS):
            for f in range(fields):
                if b + 1 < rows:
                    prefetch_read(table_NK, rows_BF[b + 1, f])
                row = rows_BF[b, f]
                for k in range(size):
                    e_FK[f, k] = table_NK[row, k]
            total = ZERO
            for p in range(len(first_P)):
                i, j = first_P[p], second_P[p]
                product = ZERO
                for k in range(size):
                    product += e_FK[i, k] * e_FK[j, k]
                total += weight_P[p] * product
            out_B[b] = total


@njit(parallel=True, cache=True, fastmath=FAST)
def _gradient(e_BFK: Array, first_P: Array, second_P: Array, gradient_BP: Array, into_BFK: Array) -> None:
    for b in prange(len(e_BFK)):
        e_FK, into_FK = e_BFK[b], into_BFK[b]
        into_FK[:, :] = ZERO
        for p in range(len(first_P)):
            i, j, gradient = first_P[p], second_P[p], gradient_BP[b, p]
            for k in range(e_FK.shape[1]):
                into_FK[i, k] += gradient * e_FK[j, k]
            for k in range(e_FK.shape[1]):
                into_FK[j, k] += gradient * e_FK[i, k]


@njit(parallel=True, cache=True)
def _symmetric(gradient_BP: Array, first_P: Array, second_P: Array, gradient_BFF: Array) -> None:
    for b in prange(len(gradient_BP)):
        gradient_FF = gradient_BFF[b]
        gradient_FF[:, :] = ZERO
        for p in range(len(first_P)):
            i, j = first_P[p], second_P[p]
            gradient_FF[i, j] = gradient_BP[b, p]
            gradient_FF[j, i] = gradient_BP[b, p]
