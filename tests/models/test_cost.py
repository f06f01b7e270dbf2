"""Operations per row equal those counted while the published formula is computed."""

import numpy as np
import pytest

from autofis_kedro.models.cost import flops_per_row
from tests.models.zoo import SPECS, shaken
from tests.problems import logits_by_hand, random_examples, schema_of


class Counted:
    """A number that depends on the row, and counts what is done with such numbers."""

    done = 0

    def __init__(self, value):
        self.value = value

    def _new(self, value):
        Counted.done += 1
        return Counted(value)

    def _with(self, other, operate):
        value = other.value if isinstance(other, Counted) else other
        return self._new(operate(self.value, value))

    def __add__(self, other):
        if not isinstance(other, Counted) and other == 0:  # the start of a sum
            return self
        return self._with(other, lambda a, b: a + b)

    __radd__ = __add__

    def __mul__(self, other):
        return self._with(other, lambda a, b: a * b)

    __rmul__ = __mul__

    def __sub__(self, other):
        return self._with(other, lambda a, b: a - b)

    def __truediv__(self, other):
        return self._with(other, lambda a, b: a / b)

    def __ge__(self, other):  # np.maximum's only question; no relu makes a plain 0 of it
        Counted.done += 1
        return True

    def exp(self):
        return self._new(np.exp(self.value))

    def sqrt(self):
        return self._new(np.sqrt(self.value))


def counted(vector):
    return np.array([Counted(value) for value in vector], dtype=object)


def operations(model):
    """Counted while the logit of one row is computed by hand."""
    Counted.done = 0
    logits_by_hand(model, random_examples(model.schema, 1, seed=3), number=counted)
    return Counted.done


def operations_of_the_identity(n_fields, size):
    """Rendle 2010, Lemma 3.1."""
    Counted.done = 0
    e = [counted(np.ones(size)) for _ in range(n_fields)]
    total = sum(e)
    0.5 * sum(total * total - sum(e_i * e_i for e_i in e))
    return Counted.done


def operations_of_newtons_identity(n_fields, size):
    """``sum_of_all_triple_products``."""
    Counted.done = 0
    e = [counted(np.ones(size)) for _ in range(n_fields)]
    squares = [e_i * e_i for e_i in e]
    p1, p2, p3 = sum(e), sum(squares), sum(s * e_i for s, e_i in zip(squares, e, strict=True))
    sum(p1 * (p1 * p1 - 3 * p2) + 2 * p3) / 6
    return Counted.done


SCHEMA = schema_of([5, 6, 4, 7])
PLAIN = ("fm", "fm_sum_pooling", "deepfm", "deepfm_affine", "deepfm_no_norm", "fm_3rd", "fm_3rd_shared")


@pytest.mark.parametrize("kept", [((0, 2), (1, 3)), None])
@pytest.mark.parametrize("name", SPECS)
def test_operations_are_those_that_the_formula_takes(name, kept):
    spec = SPECS[name]
    model = shaken(spec, SCHEMA, kept, ((0, 1, 3), (1, 2, 3)) if kept else None)  # no weight is 0: a sum's start is
    pairs, triples = model.kept
    found = operations(model)
    if kept is None and name in PLAIN:
        one_by_one = len(pairs) * 2 * spec.embedding_dim - 1
        found += operations_of_the_identity(4, spec.embedding_dim) - one_by_one
        if triples:
            one_by_one = len(triples) * 3 * spec.embedding_dim - 1
            found += operations_of_newtons_identity(4, spec.embedding_dim) - one_by_one
    assert flops_per_row(spec, 4, len(pairs), len(triples)) == found


def test_fewer_interactions_take_fewer_operations():
    spec = SPECS["autofm"]
    counts = [flops_per_row(spec, 24, n_pairs) for n_pairs in (1, 100, 276)]
    assert counts == sorted(set(counts))
