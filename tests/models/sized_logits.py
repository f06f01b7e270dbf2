"""A model's logits by the published formula in float64, and how far rounding may take them."""

import numpy as np

from autofis_kedro.models.interactions import PairInteractions
from tests.problems import logits_by_hand
from tests.rounding import Sized, bound

OF_WEIGHTS = 8
"""Roundings of numbers that are made of weights alone, which are exact by hand: alpha over batch norm's deviation."""


def sized(vectors):
    """An array of ``Sized``."""
    return np.vectorize(Sized, otypes=[object])(vectors)


def logits_and_bounds(model, examples, n_rows=None):
    """Logits of the first rows, or all, and the largest error of each in float32.

    Where every pair counts alike, their sum comes from an identity with larger terms (Rendle 2010, Lemma 3.1).
    """
    logits = [Sized.of(logit) for logit in logits_by_hand(model, examples, number=sized, n_rows=n_rows)]
    by_identity = isinstance(model.interactions, PairInteractions) and model.interactions._is_plain_sum
    terms = _identity_terms(model, examples)[: len(logits)] if by_identity else np.zeros(len(logits))
    operations = np.array([logit.operations for logit in logits]) + OF_WEIGHTS
    sizes = np.array([logit.size for logit in logits])
    return np.array([logit.value for logit in logits]), bound(operations, sizes + terms)


def _identity_terms(model, examples):
    """|sum_i e_i|**2 of the magnitudes, which is no less than the halves of it and of the sum of squares."""
    schema, table = model.schema, np.abs(model.embedding.weight.detach().double().numpy())
    sums = np.zeros((examples.n_rows, table.shape[1]))
    for column in range(examples.one_hot.shape[1]):
        sums += table[examples.one_hot[:, column]]
    for position in schema.multi_hot_positions:
        lists = examples.bags[position]
        for row in range(examples.n_rows):
            vectors = table[lists.values[lists.offsets[row] : lists.offsets[row + 1]]]
            sums[row] += vectors.mean(0) if model.spec.pooling == "mean" else vectors.sum(0)
    return (sums * sums).sum(1)
