"""Agreement between searches."""

import numpy as np
import polars as pl
import pytest

from autofis_kedro.analysis import alpha_correlation, selection_frequency
from autofis_kedro.errors import UserError
from autofis_kedro.selection import Gates, select
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


def test_frequency_counts_the_searches_that_kept_an_interaction():
    selections = [select(SCHEMA, pairs, "r") for pairs in (((0, 1), (1, 2)), ((0, 1),), ((0, 1), (0, 2)))]
    assert selection_frequency(selections).rows() == [("f0 × f1", 3, 1.0), ("f0 × f2", 1, 1 / 3), ("f1 × f2", 1, 1 / 3)]
