"""Rows that hold far more unknown values than the test rows did are told from chance."""

import numpy as np
import pytest

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import MISSING, UNSEEN
from autofis_kedro.evaluation.coverage import ERROR, FACTOR, FieldCoverage, ScoringReport, added, coverage_of
from autofis_kedro.reporting.coverage_table import coverage_table, surprise
from tests.problems import random_examples, schema_of


def report(here, test, what="unseen"):
    """One field with (count, values) here and in the test rows."""
    one, other = (FieldCoverage(values=values, **{what: count}) for count, values in (here, test))
    return ScoringReport(rows=10, coverage={"user": one}, test={"user": other})


@pytest.mark.parametrize("what", ["unseen", "missing"])
@pytest.mark.parametrize(
    ("here", "test", "is_far"),
    [
        ((60, 60), (1, 43), True),  # ids written otherwise
        ((600, 1000), (20, 1000), True),
        ((21, 1000), (20, 1000), False),
        ((30, 1000), (20, 1000), False),  # within twice the odds
        ((3000, 100_000), (2000, 100_000), False),  # beyond chance, but not far
        ((4200, 100_000), (2000, 100_000), True),
        ((990, 1000), (600, 1000), True),  # a share cannot double, odds can
        ((1, 1), (0, 40), False),  # one row says nothing
        ((3, 3), (0, 3), False),  # and neither do three test rows
        ((0, 100), (0, 100), False),
        ((0, 0), (0, 100), False),
        ((5, 100), (0, 100_000), True),
        ((100, 100), (100, 100), False),
    ],
)
def test_far_above_is_beyond_chance_and_twice_the_odds(here, test, is_far, what):
    found = report(here, test, what).surprises()
    assert [(one.field, one.what) for one in found] == ([("user", what)] if is_far else [])


def test_rows_like_the_test_rows_are_no_surprise():
    """With a probability of at most ERROR over all fields: none of 400 draws, of 0.4 expected at most."""
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(400):
        share, n_here, n_test = rng.uniform(0, 0.3), int(rng.integers(20, 3000)), int(rng.integers(20, 3000))
        wrong += bool(report((rng.binomial(n_here, share), n_here), (rng.binomial(n_test, share), n_test)).surprises())
    assert wrong <= 3, "P(Poisson(0.4) > 3) < 0.001"
    assert pytest.approx(0.4) == 400 * ERROR
    assert FACTOR > 1


def test_without_the_test_rows_nothing_is_compared():
    alone = ScoringReport(rows=3, coverage={"user": FieldCoverage(values=3, unseen=3)})
    assert alone.surprises() == []
    assert coverage_table(alone).row_count == 1


def test_every_value_is_counted_once():
    schema = schema_of([5, 6], multi_hot=(1,))
    rows = random_examples(schema, 50, 0)
    special = {"f0": (3, 4, 5), "f1": (6, 7, 8)}
    counted = Examples(rows.one_hot, rows.labels, rows.bags, None, special)
    found = coverage_of(counted, schema)
    assert (MISSING, UNSEEN) == (0, 1)
    assert found["f0"] == FieldCoverage(values=50, missing=3, unseen=4)
    assert found["f1"] == FieldCoverage(values=len(rows.bags[1].values), missing=6, unseen=7)
    assert added(found, found)["f0"] == FieldCoverage(values=100, missing=6, unseen=8)
    assert coverage_of(rows, schema) is None, "nobody counted"


def test_a_warning_says_counts_and_shares():
    (found,) = report((60, 60), (1, 43)).surprises()
    said = surprise(found)
    assert "field 'user': 100.0% of the values are unseen (60 of 60), 2.3% in the test rows (1 of 43)" in said
