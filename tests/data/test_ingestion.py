"""Raw files to typed rows: what is read is what was written, and each mistake is named."""

import gzip
import math

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from autofis_kedro.data.description import DataDescription, FieldDescription
from autofis_kedro.data.formats import expand
from autofis_kedro.data.names import LABEL, ROW
from autofis_kedro.data.reading import RawRows
from autofis_kedro.data.rows import TypedRows
from autofis_kedro.errors import UserError

FIELDS = (
    FieldDescription(name="a"),
    FieldDescription(name="b", kind="numeric"),
    FieldDescription(name="c", kind="multi_hot"),
)
PLAIN = DataDescription(fields=FIELDS)
GOOD = "label,a,b,c\n1,x,2,p|q\n0,y,,\n"


def read(tmp_path, text, description=PLAIN, name="log.csv"):
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    raw = RawRows(str(file), description)
    raw.write(tmp_path / "typed.parquet")
    typed = TypedRows(tmp_path / "typed.parquet")
    return typed, typed.scan().collect()


def test_cells_become_typed_and_empty_ones_missing(tmp_path):
    typed, rows = read(tmp_path, GOOD)
    assert rows.rows() == [(0, 1, "x", 2.0, ["p", "q"]), (1, 0, "y", None, None)]
    report = typed.report()
    assert (report.files, report.rows, report.positive_share, report.skipped_rows) == (1, 2, 0.5, 0)


CELL = st.text(st.characters(codec="utf-8", exclude_characters='\r\n\0"', exclude_categories=("Cs",)), max_size=6)


@given(
    rows=st.lists(
        st.tuples(CELL, st.none() | st.floats(allow_nan=False, allow_infinity=False), st.lists(CELL, max_size=3)),
        min_size=2,
        max_size=20,
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_round_trip(tmp_path, rows):
    cells = [(a, b, [v.replace("|", "") for v in c]) for a, b, c in rows]
    lines = ["label,a,b,c"]
    for number, (a, b, c) in enumerate(cells):
        lines.append(f'{number % 2},"{a}",{"" if b is None else repr(b)},"{"|".join(c)}"')
    as_written = PLAIN.model_copy(update={"fields": (*FIELDS[:2], FIELDS[2].model_copy(update={"weights": "keep"}))})
    _, typed = read(tmp_path, "\n".join(lines) + "\n", as_written)
    for (a, b, c), row in zip(cells, typed.iter_rows(named=True), strict=True):
        assert row["a"] == (a or None)
        assert row["b"] == b
        assert (row["c"] or []) == [value for value in (value.strip(" \t") for value in c) if value]


def test_gzip_folders_globs_and_line_endings_read_the_same(tmp_path):
    expected = read(tmp_path, GOOD)[1]
    for text, name in (
        (GOOD.replace("\n", "\r\n"), "w.csv"),
        (gzip.compress(GOOD.encode()), "z.csv.gz"),
        (GOOD + "\n", "e.csv"),
    ):
        assert read(tmp_path, text, name=name)[1].equals(expected)
    days = tmp_path / "days"
    days.mkdir()
    for day in (1, 2):
        (days / f"day_{day}.csv").write_text(GOOD)
    for place in (days, f"{days}/day_*.csv", f"file://{days}/day_1.csv"):
        raw = RawRows(str(place), PLAIN)
        raw.write(tmp_path / "t.parquet")
        assert pl.read_parquet(tmp_path / "t.parquet").height == (2 if "file" in str(place) else 4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("label,a,b,c\n", "no rows"),
        ("label,a,b\n1,x,2\n", "has no column 'c'"),
        ("label,a,b,c,d\n1,x,2,p,9\n", "not described: 'd'"),
        ("label,a,a,b,c\n1,x,x,2,p\n", "more than one column named 'a'"),
        ("label,a,b,c\n1,x,2\n0,y,3,q\n", r"line 2: 3 columns where 4 are expected"),
        ("label,a,b,c\n1,x,2,p\n0,y,3,q,r\n", r"line 3: 5 columns where 4 are expected"),
        ("label,a,b,c\n1,x,2\n0,y,3,q,r\n", r"columns"),
        ("label,a,b,c\n1,x,2,p\n0,y,three,q\n", r"row 2: numeric field 'b' is 'three'"),
        ("label,a,b,c\n1,x,2,p\n0,y,nan,q\n", r"row 2: numeric field 'b' is 'nan'"),
        ("label,a,b,c\n1,x,inf,p\n0,y,1,q\n", r"row 1: numeric field 'b' is 'inf'"),
        ("label,a,b,c\n1,x,2,p\n2,y,3,q\n", r"row 2: label 'label' is '2'; allowed: 1"),
        ("label,a,b,c\n1,x,2,p\n,y,3,q\n", r"row 2: label 'label' is ''"),
        ("label,a,b,c\n1,x,2,p\n1,y,3,q\n", r"the label 'label' is 1 in all 2 rows"),
        (b"label,a,b,c\n1,\xff\xfe,2,p\n0,y,3,q\n", "not UTF-8"),
    ],
)
def test_mistakes_in_a_file_are_named(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, text)


def test_a_damaged_gzip_file_is_named(tmp_path):
    with pytest.raises(UserError, match="is damaged"):
        read(tmp_path, gzip.compress(GOOD.encode() * 50)[:-9], name="z.csv.gz")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        RawRows(str(tmp_path / "nothing.csv"), PLAIN).write(tmp_path / "t.parquet")


def test_bad_rows_can_be_skipped_and_each_is_counted_once_by_its_reason(tmp_path):
    skipping = PLAIN.model_copy(update={"on_bad_row": "skip"})
    bad = "1,x\n1,x,2,p,9\n2,x,3,q\n,x,three,q\n1,x,three,q\n0,x,inf,a:1\n0,,3,a:1.5\n"
    typed, rows = read(tmp_path, f"label,a,b,c\n{bad}0,y,3,q\n1,z,,\n", skipping)
    assert rows.select("a", "b", "c").rows() == [("y", 3.0, ["q"]), ("z", None, None)]
    assert rows[ROW].to_list() == [0, 1]
    report = typed.report()
    assert report.skipped == {"wrong number of columns": 2, "label": 2, "field 'b'": 2, "field 'c'": 1}
    assert (report.rows_read, report.skipped_rows, report.rows) == (9, 7, 2)
    assert report.missing == {"a": 0, "b": 1, "c": 1}
    assert report.line() == (
        "9 rows read from 1 file; 7 skipped (wrong number of columns 2, label 2, field 'b' 2, field 'c' 1), 2 kept; "
        "label 1 in 50.00%; missing: b 50.00%, c 50.00%"
    )
    assert len(list(tmp_path.iterdir())) == 2, "nothing is left beside the typed rows"
    with pytest.raises(UserError, match=r"no rows are left; skipped: label 1$"):
        read(tmp_path, "label,a,b,c\n2,x,3,q\n", skipping)
    with pytest.raises(UserError, match=r"the label 'label' is 1 in all 1 rows"):
        read(tmp_path, "label,a,b,c\n2,x,3,q\n1,x,3,q\n", skipping)


@given(
    rows=st.lists(
        st.tuples(
            *(st.sampled_from(v) for v in (["1", "0", "2", ""], ["x", ""], ["1", "one", ""], ["p|q", "", "w:1", "|"]))
        ),
        min_size=1,
        max_size=30,
    )
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_is_accounted_for(tmp_path, rows):
    skipping = PLAIN.model_copy(update={"on_bad_row": "skip"})
    reasons = [
        "label" if label not in ("0", "1") else "field 'b'" if b == "one" else "field 'c'" if c == "w:1" else None
        for label, _, b, c in rows
    ]
    kept = [row for row, reason in zip(rows, reasons, strict=True) if reason is None]
    assume(len({label for label, *_ in kept}) == 2)
    text = "\n".join(",".join(row) for row in rows)
    report = read(tmp_path, f"label,a,b,c\n{text}\n", skipping)[0].report()
    assert dict(report.skipped) == {r: reasons.count(r) for r in reasons if r is not None}
    assert report.rows_read == len(rows) == report.rows + sum(report.skipped.values())
    assert report.missing == {name: sum(row[n] in ("", "|") for row in kept) for n, name in enumerate("abc", 1)}


def test_a_bad_row_of_several_files_is_named_by_its_file_and_its_place_there(tmp_path):
    for day, cell in (("1", "3"), ("2", "three")):
        (tmp_path / f"day{day}.csv").write_text(f"label,a,b,c\n1,x,2,p\n\n0,y,{cell},q\n")
    with pytest.raises(UserError, match=r"day2.csv', row 2: numeric field 'b' is 'three'"):
        RawRows(f"{tmp_path}/day*.csv", PLAIN).write(tmp_path / "typed.parquet")


def test_headerless_text_and_libfm(tmp_path):
    tsv = {"kind": "delimited", "separator": "\t", "columns": ["label", "I1..I2", "C1"], "quote": None}
    tabs = DataDescription(format=tsv, fields=[{"name": "I1..I2", "kind": "numeric"}, {"name": "C1"}])
    assert read(tmp_path, '1\t3\t\t"q\n0\t\t-1\t\n', tabs)[1].rows() == [
        (0, 1, 3.0, None, '"q'),
        (1, 0, None, -1.0, None),
    ]
    form, fields = {"kind": "libfm", "columns": ["u", "i"]}, [{"name": "u"}, {"name": "i"}]
    libfm = DataDescription(format=form, label={"negative": ["-1"]}, fields=fields)
    assert read(tmp_path, "1 7:1 9:1\n-1 8:1 9:1\n", libfm)[1].rows() == [(0, 1, "7", "9"), (1, 0, "8", "9")]


def test_time_stamps_become_fields(tmp_path):
    stamp = {"name": "hour", "kind": "timestamp", "format": "%y%m%d%H", "parts": ["hour", "weekday", "day"]}
    description = DataDescription(fields=[stamp, {"name": "a"}])
    _, rows = read(tmp_path, "label,hour,a\n1,14102123,x\n0,14102600,y\n", description)
    assert rows.rows() == [(0, 1, "23", "2", "21", "x"), (1, 0, "00", "7", "26", "y")]
    with pytest.raises(UserError, match=r"timestamp 'hour' is '14139999', not of the format"):
        read(tmp_path, "label,hour,a\n1,14139999,x\n0,14102600,y\n", description)


def test_ranges_and_descriptions():
    assert expand("I9..I11") == ("I9", "I10", "I11")
    assert expand("a..b") == ("a..b",)
    with pytest.raises(ValueError, match="described more than once: a"):
        DataDescription(fields=[{"name": "a"}, {"name": "a"}])
    with pytest.raises(ValueError, match="interactions need at least 2"):
        DataDescription(fields=[{"name": "a"}])
    with pytest.raises(ValueError, match="needs parts"):
        DataDescription(fields=[{"name": "a"}, {"name": "t", "kind": "timestamp"}])


def test_parquet_reads_like_text(tmp_path):
    pl.DataFrame({"label": [True, False], "a": [7, 8], "b": [1.5, None], "c": ["p|q", None]}).write_parquet(
        tmp_path / "f.parquet"
    )
    raw = RawRows(str(tmp_path / "f.parquet"), DataDescription(format={"kind": "parquet"}, fields=FIELDS))
    raw.write(tmp_path / "t.parquet")
    rows = pl.read_parquet(tmp_path / "t.parquet")
    assert rows["a"].to_list() == ["7", "8"]
    assert rows[LABEL].to_list() == [1, 0]
    assert math.isclose(rows["b"][0], 1.5)
