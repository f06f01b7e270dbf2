"""Logits of a linear part and pairs for prediction, compiled by numba: one pass over a batch, no product is kept.

Arrays of what all batches share are made once: of half a millisecond that 2,000 rows take, torch's small operations on
weights would be a fifth.

Shapes: B rows, F fields, K embedding size, P pairs, N rows of a table, T parts of the rows,
S numbers of a padded vector.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from torch import Tensor

from autofis_kedro.compiled.dots import blocks_of, put_dots
from autofis_kedro.compiled.loops import FAST, PARTS, Array, arrays
from autofis_kedro.compiled.threads import use_torch_threads
from autofis_kedro.models.linear_numba import put_weights
from autofis_kedro.models.pair_sum_numba import pair_sum
from autofis_kedro.models.weighted_pairs_numba import padded_rows, read_row


class _Logits:
    """Of batch after batch: e_i is the table's row ``rows_BF[:, i]``, w_i that of the linear part.

    Args:
        table_NK: the vectors.
        linear_N1: the weights; None if there is no linear part.
        shift: the bias.
        others: further tensors that all batches share.
    """

    def __init__(self, table_NK: Tensor, linear_N1: Tensor | None, shift: float, *others: Tensor) -> None:
        linear_N1 = table_NK.new_empty(0, 1) if linear_N1 is None else linear_N1
        self._like = table_NK
        self._shared: list[Any] = [*arrays(table_NK, linear_N1, *others), np.float32(shift)]


class PairSumLogits(_Logits):
    """``shift + sum_i w_i + sum_{i<j} <e_i, e_j>``."""

    def __call__(self, rows_BF: Tensor) -> Tensor:
        """[B]."""
        use_torch_threads()
        out_B = self._like.new_empty(len(rows_BF))
        _pair_sum_logits(*self._shared, *arrays(rows_BF, out_B))
        return out_B


class WeightedPairLogits(_Logits):
    """``shift + sum_i w_i + sum_p weight_p <e_i, e_j>``."""

    def __init__(
        self, table_NK: Tensor, linear_N1: Tensor | None, shift: float, pairs_2P: Tensor, weight_P: Tensor
    ) -> None:
        super().__init__(table_NK, linear_N1, shift, *pairs_2P, weight_P)

    def __call__(self, rows_BF: Tensor) -> Tensor:
        """[B]."""
        use_torch_threads()
        out_B, e_TFS = self._like.new_empty(len(rows_BF)), padded_rows(self._like, rows_BF.shape[1])
        _weighted_pair_logits(*self._shared, *arrays(rows_BF, out_B, e_TFS))
        return out_B


@njit(parallel=True, cache=True, fastmath=FAST)
def _pair_sum_logits(table_NK: Array, linear_N1: Array, shift: Any, rows_BF: Array, out_B: Array) -> None:
    rows, size = len(rows_BF), table_NK.shape[1]
    for part in prange(PARTS):
        first, stop = rows * part // PARTS, rows * (part + 1) // PARTS
        put_weights(linear_N1, rows_BF, first, stop, out_B)
        sum_K, square_K = np.empty(size, np.float32), np.empty(size, np.float32)
        for b in range(first, stop):
            out_B[b] += shift + pair_sum(table_NK, rows_BF, b, sum_K, square_K)


@njit(parallel=True, cache=True, fastmath=FAST)
def _weighted_pair_logits(
    table_NK: Array,
    linear_N1: Array,
    first_P: Array,
    second_P: Array,
    weight_P: Array,
    shift: Any,
    rows_BF: Array,
    out_B: Array,
    e_TFS: Array,
) -> None:
    rows, blocks = len(rows_BF), blocks_of(first_P)
    for part in prange(PARTS):
        first, stop = rows * part // PARTS, rows * (part + 1) // PARTS
        put_weights(linear_N1, rows_BF, first, stop, out_B)
        product_P = np.empty_like(weight_P)
        for b in range(first, stop):
            read_row(table_NK, rows_BF, b, e_TFS[part])
            put_dots(e_TFS[part], first_P, second_P, blocks, product_P)
            total = shift + out_B[b]
            for p in range(len(weight_P)):
                total += weight_P[p] * product_P[p]
            out_B[b] = total
