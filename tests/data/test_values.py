"""Cells of every kind are what they mean, or are refused with the option that would read them."""

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autofis_kedro.data.description import DataDescription
from autofis_kedro.data.names import LABEL
from autofis_kedro.data.reading import RawRows
from autofis_kedro.data.rows import TypedRows
from autofis_kedro.errors import UserError

CASES = Path("../shared/cases")
needs_cases = pytest.mark.skipif(not CASES.exists(), reason="../shared/cases is not here")
IN_ONE_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)


def read(place, description, folder, **options):
    raw = RawRows(str(place), DataDescription(**description), **options)
    raw.write(folder / "typed.parquet")
    return TypedRows(folder / "typed.parquet").scan().collect()


def read_values(folder, values, field, **description):
    """One field's cells, of text where they are texts and of parquet otherwise."""
    labels = [str(row % 2) for row in range(len(values))]
    frame = pl.DataFrame({"y": labels, "x": values, "other": labels}, strict=False)
    is_text = all(value is None or isinstance(value, str) for value in values) and frame["x"].dtype == pl.String
    path = folder / ("log.csv" if is_text else "log.parquet")
    frame.write_csv(path, separator=";") if is_text else frame.write_parquet(path)
    form = {"kind": "delimited", "separator": ";"} if is_text else {"kind": "parquet"}
    about = {"format": form, "label": {"column": "y"}, "fields": [{"name": "x", **field}, {"name": "other"}]}
    return read(path, about | description, folder)


# Labels


def labels_of(folder, values, **label):
    path = folder / "log.parquet"
    pl.DataFrame({"y": values, "a": ["p"] * len(values), "b": ["q"] * len(values)}).write_parquet(path)
    about = {"format": {"kind": "parquet"}, "label": {"column": "y", **label}, "fields": [{"name": "a"}, {"name": "b"}]}
    return read(path, about, folder)[LABEL].to_list()


@pytest.mark.parametrize(
    "values",
    [
        ["TRUE", "FALSE"],
        ["Yes", "no"],
        ["T", "f"],
        ["y", "N"],
        ["1", "0"],
        ["1.0", "0.00"],
        [" 1 ", "0 "],
        ["true", "0"],
        [True, False],
        [1, 0],
        [1.0, 0.0],
        [Decimal("1.00"), Decimal("0.00")],
    ],
)
def test_words_and_numbers_for_true_and_false(tmp_path, values):
    assert labels_of(tmp_path, values) == [1, 0]


@pytest.mark.parametrize(
    ("positive", "expected"),
    [
        (">= 4", [0, 1, 1]),
        (">4", [0, 0, 1]),
        ("< 4.5", [1, 1, 0]),
        ("<=3", [1, 0, 0]),
        ("== 4", [0, 1, 0]),
        ("!= 4.0", [1, 0, 1]),
    ],
)
def test_a_comparison_of_numbers(tmp_path, positive, expected):
    for values in (["3", "4.0", "5"], [3, 4, 5], [3.0, 4.0, 5.0]):
        assert labels_of(tmp_path, values, positive=positive) == expected


def test_own_words_are_the_same_in_any_case_unless_case_tells_them_apart(tmp_path):
    assert labels_of(tmp_path, ["Click", "NONE"], positive=["click"], negative=["none"]) == [1, 0]
    assert labels_of(tmp_path, ["A", "a"], positive=["A"], negative=["a"]) == [1, 0]
    assert labels_of(tmp_path, ["1", "-1"], positive=[1], negative=[-1, 0]) == [1, 0]
    assert labels_of(tmp_path, ["yes", "no"], positive=True, negative=False) == [1, 0], "as YAML reads yes and no"


@pytest.mark.parametrize(
    ("values", "label", "message"),
    [
        (["1", "2"], {}, r"row 2: label 'y' is '2'; allowed: 1, true, t, yes, y, 0, .*label.positive.*>= 4"),
        (["1", None], {}, "row 2: label 'y' is ''"),
        ([1.0, float("nan")], {}, "row 2: label 'y' is 'nan'"),
        (["5", "five"], {"positive": ">= 4"}, "row 2: label 'y' is 'five', no number to compare"),
        (["5", "inf"], {"positive": ">= 4"}, "row 2: label 'y' is 'inf', no number"),
        ([timedelta(1), timedelta(2)], {}, "column 'y' is of type Duration"),
    ],
)
def test_bad_labels_are_named(tmp_path, values, label, message):
    with pytest.raises(UserError, match=message):
        labels_of(tmp_path, values, **label)


@pytest.mark.parametrize(
    "label", [{"positive": ">= four"}, {"positive": "> 4", "negative": ["0"]}, {"positive": ["0"]}, {"positive": []}]
)
def test_a_label_that_decides_nothing_is_refused(label):
    with pytest.raises(ValueError, match="positive"):
        DataDescription(label=label, fields=[{"name": "a"}, {"name": "b"}])


# Numbers


@pytest.mark.parametrize(
    ("cell", "options", "expected"),
    [
        ("57,96", {"decimal": ","}, 57.96),
        ("1.234,5", {"decimal": ",", "thousands": "."}, 1234.5),
        ("-1.234.567", {"decimal": ",", "thousands": "."}, -1234567.0),
        ("1,234.5", {"thousands": ","}, 1234.5),
        ("1 234,5", {"decimal": ",", "thousands": " "}, 1234.5),
        ("1234,5", {"decimal": ",", "thousands": "."}, 1234.5),
        ("12,5%", {"decimal": ",", "percent": True}, 0.125),
        ("12.5 %", {"percent": True}, 0.125),
        (",5", {"decimal": ","}, 0.5),
        ("1,5e3", {"decimal": ","}, 1500.0),
    ],
)
def test_notations_of_numbers(tmp_path, cell, options, expected):
    found = read_values(tmp_path, [cell, "", cell], {"kind": "numeric", **options})["x"].to_list()
    assert found == [pytest.approx(expected, rel=1e-15), None, pytest.approx(expected, rel=1e-15)]


@pytest.mark.parametrize(
    ("cell", "options", "message"),
    [
        ("57,96", {}, r"'57,96', not a finite number as it is described; decimal: \",\" would read it"),
        ("1.234,5", {}, r"decimal: \",\", thousands: \".\" would read it"),
        ("1,234.5", {}, r"thousands: \",\" would read it"),
        ("12,5%", {}, r"decimal: \",\", percent: true would read it"),
        ("12.5%", {}, r"percent: true would read it"),
        ("57.96", {"decimal": ","}, r"decimal: \".\" would read it"),
        (
            "57.96",
            {"decimal": ",", "thousands": "."},
            r"decimal: \".\", thousands: null or decimal: \".\", thousands: \",\" would read it",
        ),
        ("12", {"percent": True}, "percent: false would read it"),
        (" 5.1", {}, "blanks stand around it; strip: true"),
        ("five", {}, "'five', not a finite number$"),
        ("inf", {"decimal": ","}, "'inf', not a finite number$"),
    ],
)
def test_a_number_in_another_notation_is_refused_with_the_option(tmp_path, cell, options, message):
    with pytest.raises(UserError, match=message):
        read_values(tmp_path, [cell, "", cell], {"kind": "numeric", **options})


@given(st.floats(-1e9, 1e9).map(lambda value: round(value, 3)))
@IN_ONE_FOLDER
def test_a_number_is_the_same_in_every_notation(tmp_path, value):
    german = f"{value:,.3f}".translate(str.maketrans(",.", ".,"))
    options = {"kind": "numeric", "decimal": ",", "thousands": "."}
    assert read_values(tmp_path, [german, german], options)["x"].to_list() == [float(f"{value:.3f}")] * 2


def test_options_that_contradict_are_refused():
    for options in ({"decimal": ",", "thousands": ","}, {"decimal": "5"}, {"thousands": "e"}, {"decimal": ""}):
        with pytest.raises(ValueError, match=r"decimal|thousands"):
            DataDescription(fields=[{"name": "a", "kind": "numeric", **options}, {"name": "b"}])
    for options in ({"decimal": ","}, {"percent": True}, {"kind": "numeric", "weights": "keep"}):
        with pytest.raises(ValueError, match="is an option of"):
            DataDescription(fields=[{"name": "a", **options}, {"name": "b"}])


# Lists


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("g1|g2", ["g1", "g2"]),
        ("g1 | g2|", ["g1", "g2"]),
        ("['t1', 't2']", ["t1", "t2"]),
        ("['t1' 't2']", ["t1", "t2"]),
        ('["a","b c"]', ["a", "b c"]),
        ("[1, 2]", ["1", "2"]),
        ("[a b, c]", ["a b", "c"]),
        ('["it\'s", "x, y", "[z]"]', ["it's", "x, y", "[z]"]),
        ("['a\\'b']", ["a'b"]),
        ("['t1', None, nan, 'None']", ["t1", "None"]),
        ("[]", []),
        ("[it's]", ["[it's]"]),
        ("[a]|[b]", ["[a]", "[b]"]),
    ],
)
def test_lists_as_text(tmp_path, cell, expected):
    frame = pl.DataFrame({"label": ["1", "0"], "x": [cell, None], "b": ["p", "q"]})
    frame.write_csv(tmp_path / "log.csv", quote_style="always")
    fields = [{"name": "x", "kind": "multi_hot"}, {"name": "b"}]
    found = read(tmp_path / "log.csv", {"fields": fields, "missing": ["NA"]}, tmp_path)["x"].to_list()
    assert found == [expected, None]


WORDS = st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Z")), min_size=1), min_size=1)


@given(WORDS.filter(lambda words: all(word.isprintable() and "\\" not in word for word in words)))
@IN_ONE_FOLDER
def test_a_list_as_python_and_json_write_it_is_the_list(tmp_path, words):
    values = [repr(words), json.dumps(words, ensure_ascii=False), words]
    pl.DataFrame({"x": values[:2], "y": ["0", "1"], "b": ["p", "q"]}).write_parquet(tmp_path / "log.parquet")
    fields = [{"name": "x", "kind": "multi_hot", "weights": "keep"}, {"name": "b"}]
    about = {"format": {"kind": "parquet"}, "label": {"column": "y"}, "fields": fields}
    assert read(tmp_path / "log.parquet", about, tmp_path)["x"].to_list() == [words, words]


def test_weights_are_refused_ignored_or_kept(tmp_path):
    for cell in ("i1:0.5|i2:1.25", "i1:1|i2:3", "i1:.5", "{'i1': 0.5}"):
        with pytest.raises(UserError, match=r"row 1: multi_hot field 'x' .* weights: ignore takes them off"):
            read_values(tmp_path, [cell, "i3"], {"kind": "multi_hot"})
    ignored = read_values(tmp_path, ["i1:0.5|i2:1.25", "i3"], {"kind": "multi_hot", "weights": "ignore"})
    assert ignored["x"].to_list() == [["i1", "i2"], ["i3"]]
    kept = read_values(tmp_path, ["10:30|10:45", "11:00"], {"kind": "multi_hot", "weights": "keep"})
    assert kept["x"].to_list() == [["10:30", "10:45"], ["11:00"]]
    assert read_values(tmp_path, ["a:1|b", "c"], {"kind": "multi_hot"})["x"].to_list() == [["a:1", "b"], ["c"]]


# Parquet's own types

MOMENT = datetime(2026, 3, 1, 8, 5, 30)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([8, None], ["8", None]),
        (pl.Series([2**64 - 1, 1], dtype=pl.UInt64), [str(2**64 - 1), "1"]),
        ([8.5, float("nan")], ["8.5", None]),
        (pl.Series([1.1, None], dtype=pl.Float32), ["1.1", None]),
        ([True, None], ["true", None]),
        ([Decimal("8.50"), None], ["8.50", None]),
        ([date(2026, 3, 1), None], ["2026-03-01", None]),
        ([time(8, 5, 30), None], ["08:05:30", None]),
        (pl.Series(["s0", ""], dtype=pl.Categorical), ["s0", None]),
        (pl.Series(["s0", None], dtype=pl.Enum(["s0"])), ["s0", None]),
        *[
            (pl.Series([MOMENT, None], dtype=pl.Datetime(unit)), ["2026-03-01 08:05:30", None])
            for unit in ("ms", "us", "ns")
        ],
        (pl.Series([MOMENT, None], dtype=pl.Datetime("us", "Asia/Kolkata")), ["2026-03-01 13:35:30+05:30", None]),
        (pl.Series([None, None], dtype=pl.Null), [None, None]),
    ],
)
def test_values_of_parquet_are_as_their_text(tmp_path, values, expected):
    assert read_values(tmp_path, values, {})["x"].to_list() == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([8, None], [8.0, None]),
        ([8.5, float("nan")], [8.5, None]),
        ([True, False], [1.0, 0.0]),
        (["8.5", ""], [8.5, None]),
        ([Decimal("8.50"), Decimal("-1.00")], [8.5, None]),
        (pl.Series(["8.5", "-1"], dtype=pl.Categorical), [8.5, None]),
    ],
)
def test_numbers_of_parquet(tmp_path, values, expected):
    assert read_values(tmp_path, values, {"kind": "numeric"}, missing=["-1"])["x"].to_list() == expected


def test_lists_of_parquet(tmp_path):
    for values in (
        [["a", None, " b ", ""], None],
        [[8, 9], []],
        pl.Series([["p", "q"], ["q", "p"]], dtype=pl.Array(pl.String, 2)),
    ):
        found = read_values(tmp_path, values, {"kind": "multi_hot"})["x"].to_list()
        assert found[0] in (["a", "b"], ["8", "9"], ["p", "q"])


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ([timedelta(1), None], {}, r"'.*log.parquet': column 'x' is of type Duration.*leave the column out"),
        ([timedelta(1), None], {"kind": "numeric"}, "of type Duration.*, which is no number"),
        ([MOMENT, None], {"kind": "numeric"}, "kind: timestamp"),
        ([{"a": 1}, {"a": 2}], {}, "of type Struct"),
        ([{"a": 1}, {"a": 2}], {"kind": "multi_hot"}, "of type Struct"),
        ([[{"a": 1}], []], {"kind": "multi_hot"}, "no list of single values"),
        ([["a"], ["b"]], {}, "describe the field as kind: multi_hot"),
        ([["a"], ["b"]], {"kind": "numeric"}, "of type List"),
        ([b"a", b"\xff"], {}, "of type Binary"),
        ([time(1), time(2)], {"kind": "timestamp", "parts": ["hour"]}, "of type Time, which is no moment"),
        ([1.0, float("inf")], {"kind": "numeric"}, "row 2: numeric field 'x' is 'inf'"),
    ],
)
def test_types_that_a_field_cannot_have_are_named(tmp_path, values, field, message):
    with pytest.raises(UserError, match=message):
        read_values(tmp_path, values, field)


def test_keys_of_any_type_are_carried_along_as_text(tmp_path):
    frame = pl.DataFrame(
        {"label": [0, 1], "a": ["p", "q"], "b": [1, 2], "when": [MOMENT, None], "span": [timedelta(1)] * 2}
    )
    frame.write_parquet(tmp_path / "log.parquet")
    about = {"format": {"kind": "parquet"}, "fields": [{"name": "a"}, {"name": "b"}], "drop": ["when", "span"]}
    found = read(tmp_path / "log.parquet", about, tmp_path, keys=("when", "b"))
    assert found["autofis:key:when"].to_list() == ["2026-03-01 08:05:30", None]
    with pytest.raises(UserError, match=r"column 'span' is of type Duration.*leave it out of the keys"):
        read(tmp_path / "log.parquet", about, tmp_path, keys=("span",))


# The cases


@needs_cases
def test_the_case_decimal_comma(tmp_path):
    form = {"kind": "delimited", "separator": ";"}
    price = {"name": "price", "kind": "numeric", "decimal": ",", "thousands": "."}
    share = {"name": "share", "kind": "numeric", "decimal": ",", "percent": True}
    about = {"format": form, "label": {"column": "click"}, "fields": [{"name": "site"}, price, share]}
    found = read(CASES / "decimal-comma/log.csv", about, tmp_path)
    assert found["price"][:3].to_list() == [57.96, 16.8, 5.12]
    assert found["share"][:2].to_list() == [0.325, 0.125]
    plain = {**about, "fields": [{"name": "site"}, {"name": "price", "kind": "numeric"}, {"name": "share"}]}
    with pytest.raises(UserError, match=r"row 1: numeric field 'price' is '57,96'.* decimal: \",\" would read it"):
        read(CASES / "decimal-comma/log.csv", plain, tmp_path)


@needs_cases
def test_the_case_truth_words(tmp_path):
    fields = [{"name": name} for name in ("site", "device", "user", "price")]
    found = read(CASES / "truth-words/log.csv", {"label": {"column": "click"}, "fields": fields}, tmp_path)
    assert found[LABEL][:3].to_list() == [1, 1, 0]


@needs_cases
def test_the_case_two_char_separator(tmp_path):
    about = {
        "format": {"kind": "delimited", "separator": "::", "columns": ["user", "item", "rating", "time"]},
        "label": {"column": "rating", "positive": ">= 4"},
        "fields": [
            {"name": "user"},
            {"name": "item"},
            {"name": "time", "kind": "timestamp", "format": "%s", "parts": ["hour"]},
        ],
    }
    found = read(CASES / "two-char-separator/ratings.dat", about, tmp_path)
    assert found[LABEL][:4].to_list() == [1, 0, 0, 0]
    assert found["hour"][0] == datetime.fromtimestamp(978300000, UTC).strftime("%H")


@needs_cases
def test_the_case_text_lists(tmp_path):
    form = {"kind": "delimited", "separator": ";"}
    fields = [{"name": "tags", "kind": "multi_hot"}, {"name": "genres", "kind": "multi_hot"}]
    found = read(
        CASES / "text-lists/log.csv", {"format": form, "label": {"column": "click"}, "fields": fields}, tmp_path
    )
    assert found.select("tags", "genres").row(0) == (["t0", "t3"], ["g0", "g3"])
    assert set(found["tags"].explode()) <= {f"t{number}" for number in range(10)}


@needs_cases
def test_the_case_weighted_list(tmp_path):
    fields = [{"name": "site"}, {"name": "interests", "kind": "multi_hot"}]
    about = {"label": {"column": "click"}, "fields": fields}
    with pytest.raises(
        UserError, match=r"row 1: multi_hot field 'interests' is 'i3:0.5\|i0:1.25': values with weights"
    ):
        read(CASES / "weighted-list/log.csv", about, tmp_path)


@needs_cases
def test_the_case_native_parquet(tmp_path):
    fields = [
        {"name": "time", "kind": "timestamp", "parts": ["hour", "weekday"]},
        {"name": "site"},
        {"name": "user"},
        {"name": "ratio", "kind": "numeric"},
        {"name": "amount", "kind": "numeric"},
        {"name": "tags", "kind": "multi_hot"},
        {"name": "day"},
    ]
    about = {"format": {"kind": "parquet"}, "label": {"column": "click"}, "fields": fields, "drop": ["span", "about"]}
    found = read(CASES / "native-parquet/log.parquet", about, tmp_path)
    raw = pl.read_parquet(CASES / "native-parquet/log.parquet")
    assert found[LABEL].cast(pl.Boolean).to_list() == raw["click"].to_list()
    assert found["hour"].to_list() == raw["time"].dt.strftime("%H").to_list()
    assert found["ratio"].null_count() == raw["ratio"].fill_nan(None).null_count() > 0
    assert found["amount"].to_list() == raw["amount"].cast(pl.Float64).to_list()
    assert found["user"].to_list() == raw["user"].cast(pl.String).to_list()
    assert found["tags"].to_list() == raw["tags"].to_list()
    for name in ("span", "about"):
        wrong = {**about, "fields": [*fields, {"name": name}], "drop": list({"span", "about"} - {name})}
        with pytest.raises(UserError, match=f"column '{name}' is of type"):
            read(CASES / "native-parquet/log.parquet", wrong, tmp_path)


KINDS = [
    {},
    {"kind": "numeric"},
    {"kind": "numeric", "decimal": ",", "thousands": ".", "percent": True},
    {"kind": "multi_hot"},
    {"kind": "multi_hot", "weights": "ignore", "separator": ", "},
    *[{"kind": "timestamp", "parts": ["hour", "month"], "format": form} for form in (None, "%s", "%ms", "%y%m%d%H")],
    {"kind": "timestamp", "parts": ["day"], "format": "%a, %d %b %Y %H:%M:%S %z"},
]
PIECES = st.sampled_from(
    ["1", "9" * 20, ".", ",", "%", ":", "-", "+05:30", "e400", "2026-03-01", "T00:00", "['a'", "]", "{a:1}", "nan", " "]
)
CELLS = st.lists(PIECES, max_size=6).map("".join) | st.text(max_size=8)


@given(st.lists(CELLS, min_size=1, max_size=6), st.sampled_from(KINDS), st.sampled_from([{}, {"positive": ">= 4"}]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_whatever_a_cell_holds_it_is_a_value_or_a_row_that_is_named_and_counted(tmp_path, cells, kind, label):
    frame = pl.DataFrame({"y": ["5", "1", *cells], "x": ["", *cells, ""], "b": "p"})
    frame.write_parquet(tmp_path / "log.parquet")
    fields = [{"name": "x", **kind}, {"name": "b"}]
    about = {"format": {"kind": "parquet"}, "label": {"column": "y", **label}, "fields": fields}
    named = error_of(tmp_path, about)
    assert named is None or "\n" not in named or any("\n" in cell for cell in cells)
    skipping = error_of(tmp_path, {**about, "on_bad_row": "skip"})
    if skipping is not None:
        assert "no rows are left" in skipping or "in all" in skipping
        return
    report = TypedRows(tmp_path / "typed.parquet").report()
    assert report.rows_read == len(cells) + 2
    assert (report.skipped_rows == 0) == (named is None)


def error_of(folder, about):
    try:
        read(folder / "log.parquet", about, folder)
    except UserError as error:
        return str(error)
    return None
