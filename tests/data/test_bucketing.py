"""Numeric buckets: the laws of each method, and the configuration's checks."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from autofis_kedro.data.bucketing import (
    BucketingConfig,
    BucketTable,
    FixedEdges,
    bucket_of,
    log_squared_edges,
    numeric_edges,
    quantile_edges,
)
from autofis_kedro.errors import UserError

NUMBERS = st.lists(st.integers(-20, 20).map(float) | st.floats(-1e6, 1e6), min_size=1, max_size=80)


def distinct(rows: list[float]) -> tuple[np.ndarray, np.ndarray]:
    return np.unique(rows, return_counts=True)


@given(NUMBERS, st.integers(2, 12))
def test_quantile_buckets_are_equal_size_but_for_ties(rows, n_buckets):
    edges = quantile_edges(*distinct(rows), n_buckets)
    buckets = bucket_of(np.array(rows), edges)
    assert len(edges) < n_buckets
    for bucket in range(len(edges) + 1):
        inside = np.array(rows)[buckets == bucket]
        assert len(inside)
        assert (inside > inside.min()).sum() <= math.ceil(len(rows) / n_buckets)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=80, unique=True), st.integers(2, 12))
def test_without_ties_the_sizes_of_quantile_buckets_differ_by_one_at_most(rows, n_buckets):
    buckets = bucket_of(np.array(rows), quantile_edges(*distinct(rows), n_buckets))
    sizes = np.bincount(buckets)
    assert len(sizes) == min(n_buckets, len(rows))
    assert sizes.max() - sizes.min() <= 1


@given(NUMBERS, st.integers(2, 12))
def test_buckets_keep_the_order_of_values(rows, n_buckets):
    rows = np.sort(rows)
    for edges in (quantile_edges(*distinct(rows), n_buckets), log_squared_edges(rows[0], rows[-1])):
        assert (np.diff(bucket_of(rows, edges)) >= 0).all()


def test_log_squared_parts_integers_as_the_formula_does():
    x = np.concatenate([np.arange(3, 200_000), 10 ** np.arange(6, 15)]).astype(float)
    expected = np.floor(np.log(x) ** 2)
    buckets = bucket_of(x, log_squared_edges(-50.0, x.max()))
    assert (np.diff(buckets) > 0).tolist() == (np.diff(expected) > 0).tolist()


def test_log_squared_keeps_small_integers_apart_and_mirrors_negatives():
    edges = log_squared_edges(-1000.0, 1000.0)
    small = bucket_of(np.arange(-2.0, 4.0), edges)
    assert len(set(small)) == 6
    x = np.arange(3.0, 1000.0)
    up, down = bucket_of(x, edges), bucket_of(-x, edges)
    assert (np.diff(up) > 0).tolist() == (np.diff(down) < 0).tolist()


ODD = [0.0, -0.0, 5e-324, -5e-324, 1.0, 2.0, 1e308, -1e308]


@given(st.lists(NUMBERS.flatmap(st.sampled_from) | st.sampled_from(ODD), max_size=20), NUMBERS)
def test_the_table_finds_what_the_search_finds(edges, values):
    edges = np.unique(np.array(edges, dtype=float))
    near = [np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf)]
    values = np.concatenate([values, ODD, edges, *near, edges * (1 + 1e-3)])
    assert BucketTable(edges).find(values).tolist() == bucket_of(values, edges).tolist()


def test_a_fixed_edge_belongs_to_the_bucket_above_it():
    edges = numeric_edges(FixedEdges(method="edges", edges=(0, 10)), np.array([1.0]), np.array([1]))
    assert bucket_of(np.array([-1, 0, 9.9, 10, 11]), edges).tolist() == [0, 1, 1, 2, 2]


@pytest.mark.parametrize("edges", [[], [1, 1], [2, 1], [0, math.inf], [math.nan]])
def test_edges_ascend_and_are_finite(edges):
    with pytest.raises(ValidationError):
        BucketingConfig(numeric={"method": "edges", "edges": edges})


@pytest.mark.parametrize(
    "wrong",
    [{"mincount": 3}, {"min_count": 0}, {"numeric": {"method": "kmeans"}}, {"numeric": {"count": 1}}],
)
def test_misspelled_and_impossible_options_are_rejected(wrong):
    with pytest.raises(ValidationError):
        BucketingConfig(**wrong)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_count_of": {"x": 3}}, "min_count_of: 'x' is not one of the fields: price, site"),
        (
            {"numeric_of": {"site": {"method": "log_squared"}}},
            "'site' is not one of the numeric fields: price",
        ),
    ],
)
def test_options_name_existing_fields(options, message):
    with pytest.raises(UserError, match=message):
        BucketingConfig(**options).check_fields({"price": "numeric", "site": "categorical"})
