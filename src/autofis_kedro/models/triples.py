"""Products of three embeddings, in bounded memory.

Shapes: B rows, F fields, K embedding size, T triples, G triples of one first field, R fields behind it in these.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn

from autofis_kedro.models.some_fields import SomeFields


class FirstField(nn.Module):
    """The triples of one first field; a module, so that its positions are on the model's device before they are needed.

    Attributes:
        field: the first field.
        places_G: of its triples among all.
        behind: the fields behind it in them.
        second_G: which of these is second in each triple.
        third_G: which is third.
    """

    places_G: Tensor
    second_G: Tensor
    third_G: Tensor

    def __init__(self, field: int, triples: Sequence[tuple[int, tuple[int, ...]]]) -> None:
        super().__init__()
        self.field = field
        behind = sorted({position for _, (_, *rest) in triples for position in rest})
        self.behind = SomeFields(behind)
        numbers = {
            "places_G": [place for place, _ in triples],
            "second_G": [behind.index(second) for _, (_, second, _) in triples],
            "third_G": [behind.index(third) for _, (_, _, third) in triples],
        }
        for name, positions in numbers.items():
            self.register_buffer(name, torch.tensor(positions), persistent=False)


def by_first_field(triples: Sequence[tuple[int, ...]]) -> nn.ModuleList:
    """``FirstField`` of each field that comes first in a triple (i, j, l), i < j < l."""
    ordered = sorted(enumerate(triples), key=lambda placed: placed[1][0])
    return nn.ModuleList(FirstField(first, list(group)) for first, group in groupby(ordered, key=lambda p: p[1][0]))


class _TripleProducts(torch.autograd.Function):
    """sum_k e_ik e_jk e_lk of chosen triples i < j < l.

    For each first field i the embeddings of the fields that stand behind it in a triple are scaled by e_i; their Gram
    matrix with themselves holds the triples (i, j, l). One such matrix is in memory at a time and made anew in the
    backward pass: gathering three vectors per triple would take 4.4 GB for Criteo's 9,139 triples (batch 2,000, size
    20). Of few triples most fields stand in none: five of 39 fields take 2 ms, not 33.
    """

    @staticmethod
    def forward(ctx: Any, e_BFK: Tensor, firsts: Sequence[FirstField]) -> Tensor:
        ctx.firsts = firsts
        ctx.save_for_backward(e_BFK)
        out_BT = e_BFK.new_empty(len(e_BFK), sum(len(first.places_G) for first in firsts))
        for first in firsts:
            rest_BRK = first.behind.select(e_BFK)
            scaled_BRK = rest_BRK * e_BFK[:, first.field : first.field + 1]
            gram_BRR = torch.bmm(scaled_BRK, rest_BRK.transpose(1, 2))
            columns_G = first.second_G * rest_BRK.shape[1] + first.third_G
            out_BT.index_copy_(1, first.places_G, gram_BRR.flatten(1).index_select(1, columns_G))
        return out_BT

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (e_BFK,) = ctx.saved_tensors
        gradient_BFK = torch.zeros_like(e_BFK)
        for first in ctx.firsts:
            rest_BRK, first_B1K = first.behind.select(e_BFK), e_BFK[:, first.field : first.field + 1]
            rows, n_rest, _ = rest_BRK.shape
            weight_BX = e_BFK.new_zeros(rows, n_rest * n_rest)
            of_triples_BG = gradients[0].index_select(1, first.places_G)
            weight_BX.index_copy_(1, first.second_G * n_rest + first.third_G, of_triples_BG)
            weight_BX.index_copy_(1, first.third_G * n_rest + first.second_G, of_triples_BG)
            mixed_BRK = torch.bmm(weight_BX.view(rows, n_rest, n_rest), rest_BRK)
            first.behind.add_to(gradient_BFK, first_B1K * mixed_BRK)
            # every triple is in twice, as (j, l) and as (l, j)
            gradient_BFK[:, first.field] += 0.5 * (rest_BRK * mixed_BRK).sum(1)
        return gradient_BFK, None


def triple_products(e_BFK: Tensor, firsts: nn.ModuleList) -> Tensor:
    """sum_k e_ik e_jk e_lk of the triples of ``by_first_field``: [B, T]."""
    product_BT: Tensor = _TripleProducts.apply(e_BFK, list(firsts))  # type: ignore[no-untyped-call]
    return product_BT


def sum_of_all_triple_products(e_BFK: Tensor) -> Tensor:
    """The sum over all triples i < j < l of sum_k e_ik e_jk e_lk: [B].

    By Newton's identity for the third elementary symmetric polynomial, ``(p1**3 - 3 p1 p2 + 2 p3) / 6`` with the power
    sums ``pn = sum_i e_i**n``: at the cost of F products instead of F**3. In double precision, because the terms cancel
    where one field's vector is much larger than the others'.
    """
    exact_BFK = e_BFK.double()
    square_BFK = exact_BFK.square()
    p1_BK, p2_BK, p3_BK = exact_BFK.sum(1), square_BFK.sum(1), (square_BFK * exact_BFK).sum(1)
    return ((p1_BK * (p1_BK.square() - 3 * p2_BK) + 2 * p3_BK).sum(1) / 6).to(e_BFK.dtype)
