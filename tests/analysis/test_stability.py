"""Agreement between searches."""

import numpy as np
import polars as pl
import pytest

from autofis_kedro.analysis import alpha_correlation, selection_frequency, selection_overlap
from autofis_kedro.errors import UserError
from autofis_kedro.selection import Gates
from tests.problems import schema_of

SCHEMA = schema_of([4, 4, 4])


def gates(alpha):
    return Gates(np.array(alpha), np.array(alpha), SCHEMA.tuples(2)).frame(SCHEMA)


def test_correlation_is_pearsons_whatever_the_order_of_rows():
    first, second = [0.9, 0.1, -0.4], [0.7, 0.3, 0.1]
    shuffled = gates(second).sample(fraction=1, shuffle=True, seed=3)
    found = alpha_correlation([gates(first), shuffled, gates([-a for a in first])])
    assert found.rows()[0][2] == pytest.approx(np.corrcoef(first, second)[0, 1])
    assert found.filter(first=0, second=2)["correlation"].item() == pytest.approx(-1)


def test_searches_that_cannot_be_compared_are_named():
    with pytest.raises(UserError, match="two searches or more: 1 given"):
        alpha_correlation([gates([1, 2, 3])])
    with pytest.raises(UserError, match="different interactions"):
        alpha_correlation([gates([1, 2, 3]), gates([1, 2, 3]).with_columns(pl.lit("x").alias("field_1"))])


def search(alpha, kept):
    return gates(alpha).with_columns(pl.Series("kept", kept))


def test_a_search_that_closed_every_gate_has_no_correlation():
    found = alpha_correlation([gates([0.0, 0.0, 0.0]), gates([0.9, 0.1, 0.0]), gates([0.8, 0.2, 0.1])])
    assert found["correlation"].is_null().to_list() == [True, True, False]


SEARCHES = [
    search([0.9, 0.0, -0.2], [True, False, True]),
    search([0.7, 0.1, 0.0], [True, False, False]),
    search([0.5, -0.3, 0.1], [True, True, False]),
]


def test_frequency_counts_the_searches_that_kept_an_interaction():
    found = selection_frequency([SEARCHES[0], SEARCHES[1].reverse(), SEARCHES[2]])
    assert found.columns == ["interaction", "field_1", "field_2", "kept", "share", "mean_abs_alpha"]
    assert found["interaction"].to_list() == ["f0 × f1", "f0 × f2", "f1 × f2"]
    assert found["kept"].to_list() == [3, 1, 1]
    assert found["share"].to_list() == pytest.approx([1, 1 / 3, 1 / 3])
    assert found["mean_abs_alpha"].to_list() == pytest.approx([0.7, 0.4 / 3, 0.1])


def test_overlap_is_jaccards():
    kept = [{(row[0], row[1]) for row in table.filter("kept").iter_rows()} for table in SEARCHES]
    found = selection_overlap([SEARCHES[0], SEARCHES[1].reverse(), SEARCHES[2]])
    expected = [len(kept[i] & kept[j]) / len(kept[i] | kept[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert found.select("first", "second").rows() == [(0, 1), (0, 2), (1, 2)]
    assert found["overlap"].to_list() == pytest.approx(expected)


def test_overlap_by_chance_is_that_of_random_selections():
    schema = schema_of([4] * 12)
    rng, size = np.random.default_rng(0), len(schema.tuples(2))

    def random_search(n_kept):
        kept = np.zeros(size, dtype=bool)
        kept[rng.choice(size, n_kept, replace=False)] = True
        table = Gates(rng.normal(size=size), np.zeros(size), schema.tuples(2)).frame(schema)
        return table.with_columns(pl.Series("kept", kept))

    found = [selection_overlap([random_search(20), random_search(35)]) for _ in range(200)]
    mean = np.mean([table["overlap"].item() for table in found])
    assert found[0]["overlap_by_chance"].item() == pytest.approx(mean, rel=0.05)
