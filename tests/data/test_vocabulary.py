"""Vocabularies against brute force, and their errors."""

from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autofis_kedro.data import counting
from autofis_kedro.data.bucketing import BucketingConfig
from autofis_kedro.data.names import LABEL
from autofis_kedro.data.schema import N_SPECIAL
from autofis_kedro.data.vocabulary import Vocabularies
from autofis_kedro.data.vocabulary_fitting import fit_vocabularies, kinds_of
from autofis_kedro.errors import UserError

TEXTS = st.lists(st.sampled_from(["a", "b", "c", "", "é", "B", None]) | st.text(max_size=1), min_size=1, max_size=60)


def rows_of(values: list, kind: str = "categorical") -> pl.LazyFrame:
    dtype = {"categorical": pl.String, "numeric": pl.Float64, "multi_hot": pl.List(pl.String)}[kind]
    return pl.LazyFrame({LABEL: [0] * len(values), "x": values}, schema={LABEL: pl.UInt8, "x": dtype})


def fit(values: list, kind: str = "categorical", **config) -> Vocabularies:
    return fit_vocabularies(rows_of(values, kind), {"x": kind}, BucketingConfig(**config))


def by_meaning(vocabularies: Vocabularies, meaning: str) -> dict:
    listed = vocabularies["x"].listed.filter(pl.col("meaning") == meaning)
    return dict(zip(listed["value"], zip(listed["id"], listed["count"], strict=True), strict=True))


@given(TEXTS, st.integers(1, 5))
def test_min_count_keeps_the_values_that_brute_force_keeps(values, min_count):
    counts = Counter(value for value in values if value is not None)
    assume(len(set(values)) > 1 and max(counts.values()) >= min_count)
    vocabularies = fit(values, min_count=min_count)
    ordered = sorted(counts, key=lambda value: (-counts[value], value.encode()))
    kept = [value for value in ordered if counts[value] >= min_count]
    rare = set(counts) - set(kept)
    assert by_meaning(vocabularies, "kept") == {v: (N_SPECIAL + i, counts[v]) for i, v in enumerate(kept)}
    assert by_meaning(vocabularies, "rare") == {v: (2, counts[v]) for v in rare}
    field = vocabularies.schema("d").fields[0]
    assert field.size == N_SPECIAL + len(kept)
    assert field.other_rows == sum(counts[v] for v in rare)
    assert vocabularies["x"].count("missing") == values.count(None)


@given(st.lists(st.none() | st.lists(st.sampled_from("abcd") | st.none(), max_size=4), min_size=1, max_size=40))
def test_a_multi_hot_value_counts_once_per_cell(cells):
    sets = [set(cell or []) - {None} for cell in cells]
    counts = Counter(value for values in sets for value in values)
    missing = sum(not values for values in sets)
    assume(len(counts) + bool(missing) > 1 and counts)
    vocabularies = fit(cells, "multi_hot")
    assert {v: n for v, (_, n) in by_meaning(vocabularies, "kept").items()} == counts
    assert vocabularies["x"].count("missing") == missing


@given(TEXTS, st.randoms(use_true_random=False), st.integers(1, 3))
def test_row_order_does_not_matter(values, random, min_count):
    counts = Counter(value for value in values if value is not None)
    assume(len(set(values)) > 1 and max(counts.values()) >= min_count)
    shuffled = random.sample(values, len(values))
    assert fit(shuffled, min_count=min_count).table.equals(fit(values, min_count=min_count).table)


def test_many_equal_counts_are_ordered_by_value():
    values = [str(i) for i in np.random.default_rng(0).permutation(5000)] * 3 + ["x"] * 20
    kept = fit(values)["x"].listed["value"].to_list()
    assert kept == ["x", *sorted(str(i) for i in range(5000))]


@pytest.mark.parametrize("method", [{"method": "quantiles", "count": 7}, {"method": "log_squared"}])
def test_numeric_counts_add_up(method):
    values = [None, *np.random.default_rng(0).normal(3, 20, 500).round(1).tolist()]
    vocabulary = fit(values, "numeric", numeric=method, min_count=4)["x"]
    assert vocabulary.count("missing") == 1
    assert vocabulary.count("kept") + vocabulary.count("rare") == 500
    assert vocabulary.distinct("kept") + vocabulary.distinct("rare") == len(set(values)) - 1
    assert vocabulary.listed["lower"][0] is None
    assert (np.diff(vocabulary.edges) > 0).all()


def test_a_bucket_without_train_rows_joins_its_neighbour():
    values = [1.0, 1.0, 25.0, 35.0, 35.0]
    vocabulary = fit(values, "numeric", numeric={"method": "edges", "edges": [0, 10, 20, 30, 40]}, min_count=2)["x"]
    assert vocabulary.edges.tolist() == [20, 30]
    assert vocabulary.listed["value"].to_list() == ["< 20", "20 to < 30", ">= 30"]
    assert vocabulary.listed["meaning"].to_list() == ["kept", "rare", "kept"]
    assert vocabulary.listed["id"].to_list() == [3, 2, 4]


def test_numbers_beyond_the_limit_are_counted_to_four_digits(monkeypatch):
    values = np.random.default_rng(0).normal(1000, 100, 5000).tolist()
    exact = fit(values, "numeric", numeric={"method": "quantiles", "count": 10})["x"].edges
    monkeypatch.setattr(counting, "MAX_EXACT_NUMBERS", 100)
    rounded = fit(values, "numeric", numeric={"method": "quantiles", "count": 10})["x"]
    assert rounded.distinct("kept") < 2000
    np.testing.assert_allclose(rounded.edges, exact, rtol=5e-4)


def test_zero_and_minus_zero_are_one_value():
    assert fit([0.0, -0.0, 1.0], "numeric")["x"].distinct("kept") == 2


def test_thresholds_and_methods_of_single_fields():
    rows = pl.LazyFrame({"a": ["p", "p", "q"], "b": ["p", "p", "q"], "c": [1.0, 2.0, 3.0], "d": [1.0, 2.0, 3.0]})
    edges = {"method": "edges", "edges": [2]}
    config = BucketingConfig(min_count_of={"b": 2}, numeric_of={"d": edges})
    fields = fit_vocabularies(rows, kinds_of(rows), config).schema("d").fields
    assert [field.size - N_SPECIAL for field in fields] == [2, 1, 3, 2]


def test_the_table_survives_parquet(tmp_path):
    rows = pl.LazyFrame({"b": ["x", None, "y"], "a": [1.5, 2.5, None], "m": [["u", "v"], [], ["u"]]})
    table = fit_vocabularies(rows, kinds_of(rows), BucketingConfig()).table
    table.write_parquet(tmp_path / "v.parquet")
    read = Vocabularies(pl.read_parquet(tmp_path / "v.parquet"))
    assert read.table.equals(table)
    assert read.schema("d").names == ("b", "a", "m")


def test_the_type_of_a_column_tells_its_kind():
    rows = pl.LazyFrame({LABEL: [1], "c": ["x"], "n": [1.0], "m": [["x"]]})
    assert kinds_of(rows) == {"c": "categorical", "n": "numeric", "m": "multi_hot"}
    with pytest.raises(UserError, match="field 'i': Int64 is no type of typed rows"):
        kinds_of(pl.LazyFrame({"i": [1]}))


@pytest.mark.parametrize(
    ("values", "kind", "config", "message"),
    [
        (
            ["a", "b", "b"],
            "categorical",
            {"min_count": 5},
            r"'x': min_count 5 leaves no value: the most frequent of 2 is in 2",
        ),
        (
            [1.0, 2.0],
            "numeric",
            {"min_count_of": {"x": 2}},
            r"set bucketing.min_count_of.x \(or min_count\) to 1 or less",
        ),
        (
            ["a", "a"],
            "categorical",
            {},
            "0 field with more .* remains, .* field 'x' has one value, 'a', in all 2 train rows",
        ),
        ([3.0, 3.0], "numeric", {}, "field 'x' has one value, 3.0, in all 2 train rows"),
        ([None, None, None], "numeric", {}, "field 'x' is missing in all 3 train rows"),
        ([[], None], "multi_hot", {}, "field 'x' is missing in all 2 train rows"),
        ([["a", "a"], ["a"]], "multi_hot", {}, "field 'x' has one value, 'a', in all 2 train rows"),
        ([], "categorical", {}, "the train rows are empty"),
        ([1.0, float("nan")], "numeric", {}, "field 'x': 1 train rows hold nan; numbers must be finite"),
        ([1.0, float("-inf")], "numeric", {}, "field 'x': 1 train rows hold -inf"),
        (
            [1.0, 2.0],
            "numeric",
            {"numeric": {"method": "edges", "edges": [9]}},
            "field 'x' falls into one bucket in all train rows .bucketing.numeric_of.x chooses",
        ),
        (["a", "b"], "categorical", {"min_count_of": {"y": 2}}, "'y' is not one of the fields: x"),
    ],
)
def test_unusable_fields_are_named(values, kind, config, message):
    with pytest.raises(UserError, match=message):
        fit(values, kind, **config)


@pytest.mark.parametrize("values", [["a", None], [1.0, None], [["a"], []]])
def test_one_value_and_missing_is_enough(values):
    kind = {str: "categorical", float: "numeric", list: "multi_hot"}[type(values[0])]
    assert fit(values, kind)["x"].size == N_SPECIAL + 1


def test_absent_columns_are_named():
    with pytest.raises(UserError, match="no column for: z"):
        fit_vocabularies(rows_of(["a", "b"]), {"x": "categorical", "z": "numeric"}, BucketingConfig())


def test_another_table_is_no_vocabulary():
    with pytest.raises(UserError, match=r"2 rows with the columns a; .* run bucketing again"):
        Vocabularies(pl.DataFrame({"a": [1, 2]}))


def test_a_field_with_one_value_is_left_out_and_said(caplog):
    rows = pl.LazyFrame(
        {"a": ["x", "y"], "b": ["u", "u"], "c": [1.0, 2.0], "d": [[], None]}, schema_overrides={"d": pl.List(pl.String)}
    )
    vocabularies = fit_vocabularies(rows, kinds_of(rows), BucketingConfig())
    assert [record.message for record in caplog.records] == [
        "field 'b' has one value, 'u', in all 2 train rows: it is left out",
        "field 'd' is missing in all 2 train rows: it is left out",
    ]
    schema = vocabularies.schema("d", kinds_of(rows))
    assert (schema.names, schema.left_out) == (("a", "c"), ("b", "d"))
    assert schema.fingerprint == vocabularies.schema("d").fingerprint, "examples depend on the fields alone"
    with pytest.raises(UserError, match=r"1 field with more than one value remains, .* 'b' has one value"):
        fit_vocabularies(rows.select("a", "b"), {"a": "categorical", "b": "categorical"}, BucketingConfig())
