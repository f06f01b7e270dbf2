"""What a model computes: floating point operations per row.

Letters: F fields, K embedding size, P pairs, T triples.
"""

from __future__ import annotations

from itertools import pairwise
from math import comb

from autofis_kedro.models.spec import ModelSpec


def flops_per_row(spec: ModelSpec, n_fields: int, n_pairs: int, n_triples: int = 0) -> int:
    """Operations of one row's logit by the model's published formula.

    An addition, multiplication, division, root, exponential and maximum count one each; reading and pooling embeddings
    counts none, nor does what no row changes, such as the root of a batch norm's variance. All pairs without weight
    are counted by the factorization machine's identity (Rendle 2010, Lemma 3.1), all triples by Newton's
    (``sum_of_all_triple_products``).
    """
    size = spec.embedding_dim
    parts = [n_fields - 1] if spec.linear and spec.linear_form == "weights" else []
    if spec.mlp is None:
        parts.append(0)  # the bias, of which only the addition to the other parts costs
    if spec.linear and spec.linear_form == "field_vectors":
        parts.append(2 * n_fields * size - 1)
    interactions, n_values = _interactions(spec, n_fields, n_pairs, n_triples)
    if spec.mlp is None or spec.feeds == "logit":
        parts += [cost + n - 1 for cost, n in zip(interactions, n_values, strict=True) if n]
    if spec.mlp is not None:
        fed = spec.feeds == "mlp"
        parts.append(_mlp(spec, n_fields * size + (sum(n_values) if fed else 0)) + (sum(interactions) if fed else 0))
    return sum(parts) + max(len(parts) - 1, 0)


def _interactions(spec: ModelSpec, n_fields: int, n_pairs: int, n_triples: int) -> tuple[list[int], list[int]]:
    """For pairs and for triples: operations, and how many numbers they end in."""
    size = spec.embedding_dim
    weighing = 2 * spec.normalize + (spec.weighting == "learned")
    is_sum = not weighing and spec.feeds == "logit"
    triples, n_values = n_triples * (3 * size - 1 + weighing), n_triples
    if n_triples and is_sum and n_triples == comb(n_fields, 3):
        triples, n_values = size * (5 * n_fields + 4), 1
    if not n_pairs:
        return [0, triples], [0, n_values]
    if spec.weighting == "attention":
        return [_attention(spec, n_pairs), 0], [1, 0]
    if spec.pair_network is not None:
        return [n_pairs * _pair_network(spec), 0], [n_pairs * spec.pair_network.out, 0]
    if is_sum and not spec.field_aware and n_pairs == comb(n_fields, 2):
        return [3 * n_fields * size + size, triples], [1, n_values]
    return [n_pairs * (2 * size - 1 + weighing), triples], [n_pairs, n_values]


def _attention(spec: ModelSpec, n_pairs: int) -> int:
    """Products, a score for each, the softmax with its temperature, the weighted sum, the projection."""
    size, hidden = spec.embedding_dim, spec.attention.size
    score = 2 * size * hidden + hidden + 2 * hidden - 1
    softmax = 4 * n_pairs - 1
    return n_pairs * (size + score) + softmax + (2 * n_pairs - 1) * size + 2 * size - 1


def _pair_network(spec: ModelSpec) -> int:
    """Product of two embeddings, a hidden layer with layer norm and relu, a last layer."""
    assert spec.pair_network is not None
    size, hidden, out = spec.embedding_dim, spec.pair_network.hidden, spec.pair_network.out
    return size + 6 * size * hidden + _layer_norm(hidden) + hidden + 2 * hidden * out


def _layer_norm(units: int) -> int:
    """Mean, centred, variance, root, divided."""
    return units + units + 2 * units + 2 + units


def _mlp(spec: ModelSpec, n_in: int) -> int:
    assert spec.mlp is not None
    shift_and_relu = 2 + (spec.mlp.normalization == "affine")
    total = 0
    for units_in, units in pairwise((n_in, *spec.mlp.hidden)):
        norm = {"none": 0, "layer": _layer_norm(units)}.get(spec.mlp.normalization, 2 * units)
        total += (2 * units_in - 1) * units + norm + shift_and_relu * units
    return total + 2 * spec.mlp.hidden[-1]
