"""One id is one id however it is written, at fit and at prediction alike; what may differ in meaning stays apart."""

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofis_kedro.data.bucketing import BucketingConfig
from autofis_kedro.data.encode import Encoder
from autofis_kedro.data.equality import MAX_EXACT, canonical, compared_as
from autofis_kedro.data.names import LABEL
from autofis_kedro.data.schema import UNSEEN
from autofis_kedro.data.vocabulary import Vocabularies
from autofis_kedro.data.vocabulary_fitting import fit_vocabularies, kinds_of

CASE = Path("../shared/cases/ids-as-floats")


def canon(values, equal_as="number"):
    return pl.DataFrame({"x": values}, schema={"x": pl.String}).select(canonical(pl.col("x"), equal_as))["x"].to_list()


def rule(values):
    return compared_as(pl.Series(values, dtype=pl.String))


INTEGERS = st.integers(-(2**63), 2**64 - 1)
FORMS = st.sampled_from(["{}", " {}", "{} ", "\t{}", "{}.0", "{}.000", " {}.0 "])


@given(INTEGERS, FORMS)
def test_every_way_to_write_an_integer_is_the_integer(value, form):
    assert canon([form.format(value)]) == [str(value)]


@given(st.integers(-MAX_EXACT + 1, MAX_EXACT - 1))
def test_floats_as_programs_write_them_are_the_integer(value):
    written = [
        repr(float(value)),
        str(pl.Series([float(value)]).cast(pl.String)[0]),
        f"{value:.0f}",
        str(Decimal(value)),
    ]
    c = f"{float(value):.17E}"
    java = c.replace("E+", "E").replace("E0", "E")
    assert set(canon([*written, c, java])) == {str(value)}


@given(
    st.lists(st.text(max_size=8) | INTEGERS.map(str) | st.floats().map(repr), max_size=20),
    st.sampled_from(["text", "number", "truth"]),
)
def test_canonical_text_is_its_own_canonical_text(values, equal_as):
    once = canon(values, equal_as)
    assert canon(once, equal_as) == once


@given(st.lists(st.integers(-50, 50), min_size=2), st.data())
def test_values_that_are_not_equal_stay_apart(values, data):
    written = [data.draw(FORMS).format(value) for value in values]
    assert len(set(canon(written))) == len(set(values))
    fractions = [f"{value}.5" for value in values]
    assert canon(fractions) == fractions


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["8", "8.0", " 8 ", "-0", "1.2E7", "1e+16", "8.25"], "number"),
        (["8", "1e-05", "1e+05", "5e-324"], "number"),
        (["8", "1e05"], "text"),
        (["8", "08"], "text"),
        (["8", "+8"], "text"),
        (["8", "eight"], "text"),
        (["8", "nan"], "text"),
        (["8", "1,000"], "text"),
        (["68fd1e64", "25364803"], "text"),
        (["8", ""], "text"),
        (["٣", "٤"], "text"),
        (["True", "false", "TRUE"], "truth"),
        (["True", "1"], "text"),
        ([], "text"),
    ],
)
def test_the_values_of_the_train_rows_decide(values, expected):
    assert rule(values) == expected


def test_what_is_no_number_stays_as_it_is_written():
    values = ["08", "+8", "eight", " eight ", "8.1", "8.10", "1e400", "1e+400", "1e16", "1e-05", "nan", None]
    assert canon(values) == values
    assert canon(["-0", "-0.0", "1e3", "1.5e1", "12.50E1", "1e-1", " 8.50 "]) == [
        "0",
        "0",
        "1000",
        "15",
        "125",
        "1e-1",
        "8.50",
    ]
    assert canon([" TRUE", "False", "yes", None], "truth") == ["true", "false", "yes", None]


def ids(vocabularies, **columns):
    """Local ids of each field."""
    n = len(next(iter(columns.values())))
    schema = vocabularies.schema("d")
    frame = pl.DataFrame({LABEL: pl.Series([0] * n, dtype=pl.UInt8), **columns})
    found = Encoder(vocabularies, schema).encode(frame).one_hot
    return [column.tolist() for column in (found - [schema.offsets[i] for i in schema.one_hot_positions]).T]


def fit(**columns):
    rows = pl.LazyFrame(columns)
    return fit_vocabularies(rows, kinds_of(rows), BucketingConfig())


def test_fit_and_encode_follow_one_rule_and_the_table_keeps_it(tmp_path):
    train = {
        "site": ["8", "8.0", "9 ", "9"],
        "code": ["08", "8", "9", "x"],
        "is_new": ["true", "TRUE", "False", "false"],
    }
    table = fit(**train).table
    assert table.group_by("field", maintain_order=True).first()["equal_as"].to_list() == ["number", "text", "truth"]
    table.write_parquet(tmp_path / "v.parquet")
    kept = Vocabularies(pl.read_parquet(tmp_path / "v.parquet"))
    assert kept["site"].listed["value"].to_list() == ["8", "9"]
    assert kept["site"].listed["count"].to_list() == [2, 2]
    site, code, is_new = ids(
        kept,
        site=["8", " 8", "9.00", "8.5", "7"],
        code=["8", "8.0", "08", "x ", None],
        is_new=["True", "FALSE ", "false", "1", None],
    )
    assert site == [3, 3, 4, UNSEEN, UNSEEN]
    assert code[1] == code[3] == UNSEEN
    assert len({*code}) == 4
    assert is_new == [is_new[0], is_new[1], is_new[1], UNSEEN, 0]
    assert UNSEEN not in is_new[:2]


def test_a_cell_counts_an_id_that_it_holds_in_two_ways_once():
    vocabularies = fit(tags=[["8", "8.0", "9"], ["9.0"], ["8"]], site=["a", "b", "a"])
    assert dict(zip(*vocabularies["tags"].listed.select("value", "count").get_columns(), strict=True)) == {
        "8": 2,
        "9": 2,
    }
    frame = pl.DataFrame({LABEL: [0], "tags": [["8.0", "8", "7"]], "site": ["a"]}, schema_overrides={LABEL: pl.UInt8})
    bag = Encoder(vocabularies, vocabularies.schema("d")).encode(frame).bags[0]
    assert bag.values.tolist() == [UNSEEN, 3]


def test_a_bundle_of_an_earlier_release_compares_text_as_it_did():
    table = fit(site=["8", "9"], city=["a", "b"]).table.drop("equal_as")
    earlier = Vocabularies(table)
    assert ids(earlier, site=["8", "8.0"], city=["a", "b"])[0] == [3, UNSEEN]
    assert Vocabularies(earlier.table).table.equals(earlier.table)


@pytest.mark.skipif(not CASE.exists(), reason="../shared/cases is not here")
def test_the_case_ids_as_floats():
    fields = ["site", "device", "user"]
    train, new = (
        pl.read_csv(CASE / f"{name}.csv", infer_schema=False).select(fields) for name in ("train", "new_rows")
    )
    vocabularies = fit(**train.to_dict())
    found = ids(vocabularies, **new.to_dict())
    as_integers = new.select(pl.all().str.strip_suffix(".0"))
    assert found == ids(vocabularies, **as_integers.to_dict())
    assert sum(map(sum, ([one == UNSEEN for one in column] for column in found))) == 0
