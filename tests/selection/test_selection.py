"""Selections and gates."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofis_kedro.errors import UserError
from autofis_kedro.selection import Gates, Selection, from_gates, keep_all, random_selection
from autofis_kedro.selection.gates import n_open
from autofis_kedro.training.ladder import ladder_sizes, largest_gap, size_curve, smallest_good_size
from tests.problems import schema_of

SCHEMA = schema_of([4, 4, 4, 4])
GATES = Gates(np.array([0.0, -0.9, 0.3, 0.0, 0.2, 0.0]), np.array([0.1, -1.4, 0.8, -0.4, 0.7, 0.2]), SCHEMA.tuples(2))


def test_ranking_is_by_alpha_and_among_closed_gates_by_dual():
    assert GATES.ranking().tolist() == [1, 2, 4, 3, 5, 0]
    kept = from_gates(GATES, SCHEMA, 2, "test")
    assert [(k.fields, k.alpha) for k in kept.interactions] == [(("f0", "f2"), -0.9), (("f0", "f3"), 0.3)]
    assert n_open(GATES) == 3


def test_round_trips():
    selection = from_gates(GATES, SCHEMA, 3, "test")
    assert Selection.model_validate_json(selection.model_dump_json()) == selection
    shuffled = GATES.frame(SCHEMA).sample(fraction=1.0, shuffle=True, seed=1)
    again = Gates.from_frame(shuffled, SCHEMA)
    np.testing.assert_array_equal(again.alpha_P, GATES.alpha_P)
    np.testing.assert_array_equal(again.dual_P, GATES.dual_P)


def test_pairs_are_sorted_and_alpha_follows_them():
    selection = from_gates(GATES, SCHEMA, 3, "test")
    assert selection.of_order(2, SCHEMA) == ((0, 2), (0, 3), (1, 3))
    assert selection.alpha_of(2, SCHEMA) == [-0.9, 0.3, 0.2]
    assert keep_all(SCHEMA).alpha_of(2, SCHEMA) is None
    assert keep_all(SCHEMA).of_order(2, SCHEMA) == SCHEMA.tuples(2)


@given(st.integers(1, 6), st.integers(0, 100))
def test_a_random_selection_has_its_size_and_its_seed(size, seed):
    selection = random_selection(SCHEMA, size, seed)
    assert len(set(selection.of_order(2, SCHEMA))) == size
    assert selection == random_selection(SCHEMA, size, seed)


def test_mistakes_are_named():
    with pytest.raises(UserError, match=r"random selection of 7 pairs: .* allows 1\.\.6"):
        random_selection(SCHEMA, 7, 0)
    with pytest.raises(UserError, match=r"0 pairs asked for, .* allows 1\.\.6"):
        from_gates(GATES, SCHEMA, 0, "test")
    with pytest.raises(UserError, match="was made for schema"):
        keep_all(SCHEMA).of_order(2, schema_of([4, 4, 4, 5]))
    with pytest.raises(UserError, match="field 'f3' is not in data set"):
        keep_all(SCHEMA).of_order(2, schema_of([4, 4, 4]))
    with pytest.raises(UserError, match="gates do not fit"):
        Gates.from_frame(GATES.frame(SCHEMA), schema_of([4, 4, 4]))


@given(st.integers(1, 1000), st.floats(1.1, 4))
def test_ladder_sizes_ascend_from_one_to_all(n_pairs, ratio):
    sizes = ladder_sizes(n_pairs, ratio)
    assert sizes[0] == 1
    assert sizes[-1] == n_pairs
    assert all(a < b for a, b in pairwise(sizes))


def test_the_curve_is_the_paired_comparison_with_the_best():
    rng = np.random.default_rng(0)
    base = rng.exponential(size=4000)
    losses = {1: base + 0.5, 2: base + rng.normal(0.0, 0.1, 4000), 4: base - 0.001}
    curve = {point.size: point for point in size_curve(losses)}
    assert curve[4].difference == 0
    difference = losses[2] - losses[4]
    assert curve[2].difference == pytest.approx(difference.mean())
    assert curve[2].standard_error == pytest.approx(difference.std(ddof=1) / 4000**0.5)
    assert smallest_good_size(tuple(curve.values()), 2.0) == 2


def test_the_largest_fall_of_alpha_decides_within_the_range():
    gates = Gates(np.array([1.0, 0.95, 0.3, 0.28, 0.27, 0.0]), np.zeros(6), SCHEMA.tuples(2))
    assert largest_gap(gates, 1, 6) == 2
    assert largest_gap(gates, 3, 6) == 5
    assert largest_gap(gates, 3, 4) == 3
