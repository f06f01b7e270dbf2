"""AFM's scores compiled: neither the products nor the hidden layer of a batch are ever in memory.

Forward, a few rows at a time stay in the cache: their products, the hidden layer by one matrix product, the scores. All
that is kept for the backward pass is one bit per hidden value: is it positive? Eight units' bits are one byte, and
tables with a row for each of its 256 values take the place of two matrix products with a 0/1 matrix: what eight units
send back to a product is looked up, and the product is added to the row of its byte, whose sums are shared out to the
units at the end. The backward pass of 2,000 rows, 276 pairs, k = 40 and 64 units took 17 ms so, on two cores whose best
matrix products take 7 ms each.

Shapes: B rows, F fields, K embedding size, P pairs, A attention units, G groups of eight units, X = 256 values of a
byte, T parts of the batch.
"""

# mypy: disable-error-code="untyped-decorator, no-untyped-call"
from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numba import njit, prange
from torch import Tensor

from autofis_kedro.compiled.bits import NUMBERS, positive_bits
from autofis_kedro.compiled.loops import FAST, PARTS, ZERO, Array, arrays
from autofis_kedro.compiled.threads import use_torch_threads
from autofis_kedro.compiled.vectors import add_four_rows, add_row, over_rows
from autofis_kedro.models.attention_scores import SortedPairs
from autofis_kedro.models.matmul import fast_mm

Network = tuple[Tensor, Tensor, Tensor]
"""W, b and h."""
CHUNK = 1 << 20
"""Hidden values at a time: four megabytes."""
UNITS = NUMBERS
"""Attention units whose signs share a byte."""
IS_ON_XU = ((torch.arange(1 << UNITS)[:, None] >> torch.arange(UNITS)) & 1).float()
"""The bits of every byte."""


class CompiledScores(torch.autograd.Function):
    """``attention_scores`` for float32 on the CPU."""

    @staticmethod
    def forward(ctx: Any, e_BFK: Tensor, pairs: SortedPairs, weight_KA: Tensor, bias_A: Tensor, h_A: Tensor) -> Tensor:
        """The scores [B, P]; keeps the bits of the hidden layer [B, P, G]."""
        use_torch_threads()
        network = _whole_bytes(weight_KA), _whole_bytes(bias_A), _whole_bytes(h_A)
        score_BP = torch.empty(len(e_BFK), len(pairs))
        is_on_BPG = torch.empty(*score_BP.shape, len(network[1]) // UNITS, dtype=torch.uint8)
        rows = max(1, CHUNK // (score_BP.shape[1] * max(network[0].shape)))
        for start in range(0, len(e_BFK), rows):
            part = slice(start, start + rows)
            _score_rows(e_BFK[part], pairs.fields_2P, network, score_BP[part], is_on_BPG[part])
        ctx.pairs = pairs
        ctx.save_for_backward(e_BFK, weight_KA, bias_A, h_A, is_on_BPG)
        return score_BP

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, Tensor, Tensor, Tensor]:
        """Gradients of the vectors and the network."""
        use_torch_threads()
        e_BFK, weight_KA, bias_A, h_A, is_on_BPG = ctx.saved_tensors
        groups, (size, units) = is_on_BPG.shape[2], weight_KA.shape
        back_GUK = _whole_bytes(weight_KA * h_A).T.reshape(groups, UNITS, size)
        into_e_BFK = torch.zeros_like(e_BFK, memory_format=torch.contiguous_format)
        sums_TGXK, factors_TGX = (torch.zeros(PARTS, groups, 1 << UNITS, *shape) for shape in ((size,), ()))
        given = (e_BFK, *ctx.pairs.fields_2P, is_on_BPG, gradients[0], IS_ON_XU @ back_GUK)
        _gradients(*arrays(*given, into_e_BFK, sums_TGXK, factors_TGX))
        into_on_KA = (IS_ON_XU.T @ sums_TGXK.sum(0)).flatten(0, 1)[:units].T
        factor_A = (factors_TGX.sum(0) @ IS_ON_XU).flatten()[:units]
        # a positive hidden value is linear in the weights: the sum of those of a unit needs none of them
        into_h_A = (weight_KA * into_on_KA).sum(0) + bias_A * factor_A
        return into_e_BFK, None, into_on_KA * h_A, factor_A * h_A, into_h_A


def _whole_bytes(tensor: Tensor) -> Tensor:
    """More units up to a whole number of bytes, all zero, which are never on."""
    return torch.nn.functional.pad(tensor, (0, -tensor.shape[-1] % UNITS))


def _score_rows(e_BFK: Tensor, pairs_2P: Tensor, network: Network, score_BP: Tensor, is_on_BPG: Tensor) -> None:
    """Fill the scores and the bits of some rows."""
    weight_KA, bias_A, h_A = network
    product_BPK = torch.empty(*score_BP.shape, e_BFK.shape[2])
    _products(*arrays(e_BFK, *pairs_2P, product_BPK))
    hidden_NA = fast_mm(product_BPK.flatten(0, 1), weight_KA, bias_A)
    _scores(*arrays(hidden_NA.view(*score_BP.shape, -1), h_A, score_BP, is_on_BPG))


_put_product = over_rows(lambda rows, _: (rows[1] * rows[2],))
_put_scaled_product = over_rows(lambda rows, shared: (shared[0] * rows[1] * rows[2],))
_add_to_four = over_rows(lambda rows, _: tuple(row + rows[4] for row in rows[:4]))
_send_back = over_rows(
    lambda rows, shared: (rows[0] + shared[0] * rows[2] * rows[4], rows[1] + shared[0] * rows[2] * rows[3])
)


@njit(parallel=True, cache=True)
def _products(e_BFK: Array, first_P: Array, second_P: Array, product_BPK: Array) -> None:
    (rows, fields, size), pairs = e_BFK.shape, len(first_P)
    for row in prange(rows):
        for p in range(pairs):
            starts = (row * pairs + p) * size, (row * fields + first_P[p]) * size, (row * fields + second_P[p]) * size
            _put_product(size, (product_BPK, e_BFK, e_BFK), starts, (ZERO,))


@njit(parallel=True, cache=True, fastmath=FAST)
def _scores(hidden_BPA: Array, h_A: Array, score_BP: Array, is_on_BPG: Array) -> None:
    for row in prange(len(score_BP)):
        for p in range(score_BP.shape[1]):
            hidden_A = hidden_BPA[row, p]
            score = ZERO
            for a in range(len(h_A)):
                score += (ZERO if hidden_A[a] <= ZERO else hidden_A[a]) * h_A[a]
            score_BP[row, p] = score
            for group in range(is_on_BPG.shape[2]):
                is_on_BPG[row, p, group] = positive_bits(hidden_A, UNITS * group)


@njit(parallel=True, cache=True)
def _gradients(
    e_BFK: Array,
    first_P: Array,
    second_P: Array,
    is_on_BPG: Array,
    gradient_BP: Array,
    back_GXK: Array,
    into_e_BFK: Array,
    sums_TGXK: Array,
    factors_TGX: Array,
) -> None:
    (n, fields, size), parts = e_BFK.shape, len(sums_TGXK)
    for part in prange(parts):
        product_K, back_K = np.empty(size, dtype=np.float32), np.empty(size, dtype=np.float32)
        for row in range(n * part // parts, n * (part + 1) // parts):
            for p in range(len(first_P)):
                factor = gradient_BP[row, p]
                first, second = (row * fields + first_P[p]) * size, (row * fields + second_P[p]) * size
                _put_scaled_product(size, (product_K, e_BFK, e_BFK), (0, first, second), (factor,))
                _through_bytes(is_on_BPG[row, p], product_K, back_GXK, sums_TGXK[part], back_K)
                for group in range(is_on_BPG.shape[2]):
                    factors_TGX[part, group, is_on_BPG[row, p, group]] += factor
                here = (into_e_BFK, into_e_BFK, back_K, e_BFK, e_BFK)
                _send_back(size, here, (first, second, 0, first, second), (factor,))


@njit(cache=True, inline="always")
def _through_bytes(byte_G: Array, product_K: Array, back_GXK: Array, sums_GXK: Array, back_K: Array) -> None:
    """Add a product to the sums of its bytes, and look up what the bytes' units send back."""
    groups, (_, values, size) = len(byte_G), back_GXK.shape
    back_K[:] = ZERO
    whole = groups // 4 * 4
    for group in range(0, whole, 4):
        one = (group * values + byte_G[group]) * size
        two = ((group + 1) * values + byte_G[group + 1]) * size
        three = ((group + 2) * values + byte_G[group + 2]) * size
        four = ((group + 3) * values + byte_G[group + 3]) * size
        _add_to_four(size, (sums_GXK, sums_GXK, sums_GXK, sums_GXK, product_K), (one, two, three, four, 0), (ZERO,))
        add_four_rows(size, (back_K, back_GXK, back_GXK, back_GXK, back_GXK), (0, one, two, three, four), (ZERO,))
    for group in range(whole, groups):
        start = (group * values + byte_G[group]) * size
        add_row(size, (sums_GXK, product_K), (start, 0), (ZERO,))
        add_row(size, (back_K, back_GXK), (0, start), (ZERO,))
