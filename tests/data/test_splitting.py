"""Splits, down-sampling and the synthetic problem."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autofis_kedro.data.names import LABEL, ORDER, ROW
from autofis_kedro.data.reading import RawRows
from autofis_kedro.data.splitting import SPLITS, Assignment, SplitConfig, lot, split_rows
from autofis_kedro.data.synthetic import SyntheticConfig, make_synthetic, synthetic_rows
from autofis_kedro.errors import UserError


def typed(n_rows, positive=0.3, **columns):
    labels = (np.random.default_rng(0).random(n_rows) < positive).astype(np.uint8)
    frame = {ROW: np.arange(n_rows, dtype=np.uint32), LABEL: labels, "id": np.arange(n_rows).astype(str), **columns}
    return pl.DataFrame(frame).lazy()


def split_parts(rows, config):
    """Each split's rows, as whoever reads the assignment from its artifact finds them."""
    assignment, report = split_rows(rows, config)
    recalled = Assignment.model_validate_json(assignment.model_dump_json())
    return {split: recalled.select(rows, split) for split in SPLITS}, report


def ids(parts):
    return {split: set(rows.collect()["id"]) for split, rows in parts.items()}


@given(st.integers(0, 1000), st.integers(200, 3000))
@settings(max_examples=15, deadline=None)
def test_random_splits_are_a_partition_that_does_not_depend_on_chunks(seed, cut):
    rows, config = typed(4000), SplitConfig(seed=seed)
    whole = ids(split_parts(rows, config)[0])
    assert set.union(*whole.values()) == set(map(str, range(4000)))
    assert sum(map(len, whole.values())) == 4000
    assert 0.75 < len(whole["train"]) / 4000 < 0.85
    two = pl.concat([rows.slice(cut), rows.slice(0, cut)])
    assert ids(split_parts(two, config)[0]) == whole


@given(st.lists(st.none() | st.floats(), max_size=50), st.floats(-1, 1), st.floats(0, 1))
def test_every_row_is_in_the_one_split_that_comparing_in_order_finds(values, first_valid, width):
    assignment = Assignment(method="time", column="x", first_valid=first_valid, first_test=first_valid + width)

    def in_order(value):
        if value is None or math.isnan(value) or value >= first_valid + width:
            return "test"
        return "train" if value < first_valid else "valid"

    rows = pl.LazyFrame({"x": values}, schema={"x": pl.Float64})
    found = rows.select(assignment.holds(split).fill_null(False).alias(split) for split in SPLITS).collect()
    assert found.rows() == [tuple(in_order(value) == split for split in SPLITS) for value in values]


def test_the_lot_is_splitmix64():
    mask = 2**64 - 1

    def by_hand(row, seed):
        z = (row * 0x9E3779B97F4A7C15 + seed * 0xD1342543DE82EF95 + 0x9E3779B97F4A7C15) & mask
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return ((z ^ (z >> 31)) >> 11) / 2**53

    found = typed(50).select(lot(7)).collect().to_series().to_list()
    assert found == [by_hand(row, 7) for row in range(50)]


def test_lots_are_uniform_and_seeds_independent():
    lots = typed(100_000).select(a=lot(0), b=lot(1)).collect()
    assert abs(np.corrcoef(lots["a"], lots["b"])[0, 1]) < 0.02
    counts = np.histogram(lots["a"], bins=20, range=(0, 1))[0]
    assert np.abs(counts - 5000).max() < 350


def test_time_splits_keep_the_order():
    parts, _ = split_parts(typed(1000), SplitConfig(method="time"))
    numbers = {split: sorted(map(int, found)) for split, found in ids(parts).items()}
    assert numbers["train"][-1] < numbers["valid"][0] <= numbers["valid"][-1] < numbers["test"][0]
    hours = np.random.default_rng(0).integers(0, 50, 1000)
    parts, _ = split_parts(typed(1000, **{ORDER: hours}), SplitConfig(method="time", column="hour"))
    hour = {split: hours[sorted(map(int, found))] for split, found in ids(parts).items()}
    assert hour["train"].max() < hour["valid"].min() <= hour["valid"].max() < hour["test"].min()


def test_negatives_are_sampled_to_the_share_and_positives_kept():
    rows = typed(20_000, positive=0.2)
    parts, report = split_parts(rows, SplitConfig(positive_share=0.5))
    kept = pl.concat([part.collect() for part in parts.values()])
    assert kept[LABEL].sum() == rows.collect()[LABEL].sum()
    assert kept[LABEL].mean() == pytest.approx(0.5, abs=0.02)
    assert report.calibration_offset == pytest.approx(math.log(report.negative_rate))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"method": "given"}, "rows have no split"),
        ({"method": "time", "column": "nothing"}, "no order by split.column 'nothing'"),
        ({"positive_share": 0.1}, "only negatives are down-sampled"),
    ],
)
def test_mistakes_are_named(config, message):
    with pytest.raises(UserError, match=message):
        split_rows(typed(1000), SplitConfig(**config))
    with pytest.raises(ValueError, match="sum to 1"):
        SplitConfig(fractions=(0.8, 0.1, 0.2))
    with pytest.raises(UserError, match="split is empty"):
        split_rows(typed(3), SplitConfig(fractions=(0.98, 0.01, 0.01)))


def test_the_synthetic_problem_is_its_seed():
    config = SyntheticConfig(
        n_rows=500, n_fields=5, planted=None, n_planted=2, n_triples=1, numeric_fields=1, multi_hot_fields=2
    )
    problem, again = make_synthetic(config), make_synthetic(config)
    assert problem.rows.equals(again.rows)
    assert sorted(map(len, problem.planted)) == [2, 2, 3]
    assert problem.rows["x0"].dtype == pl.Float64
    assert not make_synthetic(config.model_copy(update={"seed": 1})).rows.equals(problem.rows)


def test_only_planted_pairs_carry_joint_information():
    """The label share of joint values varies beyond its two fields' shares most for the planted pair.

    Not for it alone: the threshold bends the sum (Eq. 17).
    """
    config = SyntheticConfig(n_rows=40_000, n_fields=3, n_values=4, planted=((0, 1),), noise=0.0)
    rows = make_synthetic(config).rows

    def joint(first, second):
        table = rows.pivot(second, index=first, values="label", aggregate_function="mean").drop(first).to_numpy()
        return np.abs(table - table.mean(0) - table.mean(1)[:, None] + table.mean()).max()

    assert joint("x0", "x1") > 2.5 * max(joint("x0", "x2"), joint("x1", "x2"))


def test_the_synthetic_problem_goes_the_way_of_any_log(tmp_path):
    raw = synthetic_rows(SyntheticConfig(n_rows=300, multi_hot_fields=1, numeric_fields=1))
    assert isinstance(raw, RawRows)
    raw.write(tmp_path / "t.parquet")
    typed_rows = pl.read_parquet(tmp_path / "t.parquet")
    assert typed_rows.schema["x0"] == pl.Float64
    assert typed_rows.schema["x5"] == pl.List(pl.String)
    assert typed_rows[LABEL].mean() == pytest.approx(0.5, abs=0.01)


def test_planted_positions_are_checked():
    with pytest.raises(ValueError, match="two or three different positions"):
        SyntheticConfig(planted=((0, 9),))
