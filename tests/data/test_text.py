"""Delimited text of every make reads as Python's own parser reads it; what parsers differ over is refused."""

import csv
import io
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from autofis_kedro.data.description import DataDescription
from autofis_kedro.data.files import FolderColumns, RawFile
from autofis_kedro.data.formats import Delimited
from autofis_kedro.data.opening import open_table
from autofis_kedro.errors import UserError
from tests.data.logs import READ, ROWS, described, read, rows_of, score_rows

COLUMNS = ("click", "site", "user")
FILES = {"suppress_health_check": [HealthCheck.function_scoped_fixture], "deadline": None}


def raw_rows(path, form):
    """Raw cells as the parser leaves them, null as the empty cell."""
    description = DataDescription(label={"column": "click"}, fields=[{"name": "site"}, {"name": "user"}], format=form)
    with tempfile.TemporaryDirectory() as folder:
        table = open_table(RawFile(str(path)), description, (), Path(folder))
        return table.rows.select(pl.col(COLUMNS).fill_null("")).collect().rows(), table.blank


ALPHABET = "ab\"':;,| \t.\u00e9\u20ac0"
CELL = st.text(st.sampled_from(ALPHABET + "\n\r"), max_size=5)
TABLE = st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=8)


@given(
    rows=TABLE,
    separator=st.sampled_from(",;|\t :\x01a"),
    quote=st.sampled_from("\"'~"),
    line_end=st.sampled_from(["\n", "\r\n"]),
    every=st.booleans(),
    header=st.booleans(),
    mark=st.booleans(),
    blank=st.booleans(),
)
@settings(max_examples=150, **FILES)
def test_what_python_writes_is_read(tmp_path, rows, separator, quote, line_end, every, header, mark, blank):
    if not every:  # Python's writer leaves carriage returns without quotes
        rows = [tuple(cell.replace("\r", "") for cell in row) for row in rows]
    held = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if every else csv.QUOTE_MINIMAL
    writer = csv.writer(held, delimiter=separator, quotechar=quote, quoting=quoting, lineterminator=line_end)
    writer.writerows([COLUMNS] * header)
    for row in rows:
        held.write(line_end if blank else "")
        writer.writerow(row)
    path = tmp_path / "log.csv"
    path.write_text(("\ufeff" if mark else "") + held.getvalue(), newline="", encoding="utf-8")
    form = {"separator": separator, "quote": quote, "columns": None if header else COLUMNS}
    assert raw_rows(path, form) == (rows, len(rows) * blank)


LONG = st.sampled_from(["::", "||", ", ", " | ", "\u00a6", "\u3001", "<>", "\t\t", "ab"])
SHORT = st.text(st.sampled_from("xy:|<>.\u00e90"), max_size=5)


@given(rows=st.lists(st.tuples(SHORT, SHORT, SHORT), min_size=1, max_size=8), separator=LONG, header=st.booleans())
@settings(max_examples=100, **FILES)
def test_separators_of_any_length_are_split_as_python_splits(tmp_path, rows, separator, header):
    lines = [separator.join(cells) for cells in [COLUMNS] * header + rows]
    expected = [tuple(line.split(separator)) for line in lines[header:]]
    path = tmp_path / "log.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    form = {"separator": separator, "quote": None, "columns": None if header else COLUMNS}
    if all(len(cells) == 3 for cells in expected):
        assert raw_rows(path, form) == (expected, 0)
    else:
        with pytest.raises(UserError, match="columns where 3 are expected"):
            raw_rows(path, form)


def test_long_separators_within_quotes_are_characters(tmp_path):
    path = tmp_path / "log.txt"
    path.write_text('click::"a::b"::"x ""y"""\n1::"s::0"::"u"":"\n0::s1::"::"\n')
    form = {"separator": "::"}
    description = described("a::b", 'x "y"', format=form)
    assert rows_of(path, description) == [(1, "s::0", 'u":'), (0, "s1", "::")]


def test_a_byte_that_the_file_holds_does_not_stand_for_the_separator(tmp_path):
    path = tmp_path / "log.txt"
    path.write_text("click::site::user\n1::a\x1fb::u1\n0::s1::\x1e\n")
    assert rows_of(path, described(format={"separator": "::"})) == [(1, "a\x1fb", "u1"), (0, "s1", "\x1e")]
    path.write_bytes(b"click::site::user\n1::" + bytes(set(range(1, 128)) - set(b'\n\r:"')) + b"::u1\n0::s1::u2\n")
    with pytest.raises(UserError, match="holds every control character"):
        rows_of(path, described(format={"separator": "::"}))


BLANKS = st.text(st.sampled_from(" \t"), max_size=2)


@given(rows=TABLE, blanks=st.lists(BLANKS, min_size=6, max_size=6), quoted=st.booleans(), block=st.integers(1, 60))
@settings(max_examples=100, **FILES)
def test_strip_takes_off_what_stands_around_cells(tmp_path, rows, blanks, quoted, block):
    cells = rows if quoted else [tuple(c.translate(dict.fromkeys(b'\n\r",')).strip() for c in row) for row in rows]
    lines = []
    for row in [COLUMNS, *cells]:
        shown = ['"{}"'.format(c.replace('"', '""')) if quoted else c for c in row]
        lines.append(",".join(b + c + a for b, c, a in zip(blanks[::2], shown, blanks[1::2], strict=True)))
    path = tmp_path / "log.csv"
    path.write_text("\r\n".join(lines), newline="", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("autofis_kedro.data.lines.BLOCK", block)
        assert raw_rows(path, {"strip": True})[0] == cells


def test_without_strip_the_error_says_so(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("click, site , user\n1, s0, u1 \n0 ,s1,u2\n \n1,s2,u1")
    with pytest.raises(UserError, match=r"no column 'site', 'user'; .*set strip: true under format"):
        rows_of(path)
    rows, report = read(path, described(format={"strip": True}))
    assert rows.rows() == READ
    assert report.blank_lines == 1


def test_another_separator_is_guessed_in_the_message(tmp_path):
    (tmp_path / "log.csv").write_text(ROWS.replace(",", ";"))
    with pytest.raises(UserError, match="the separator seems to be ';'"):
        rows_of(tmp_path / "log.csv")


@pytest.mark.parametrize("text", [ROWS.replace("\n", "\r"), ROWS.replace("\n", "\r").rstrip("\r"), "\ufeff" + ROWS])
def test_carriage_returns_alone_end_lines(tmp_path, text):
    (tmp_path / "log.csv").write_text(text, newline="")
    assert rows_of(tmp_path / "log.csv") == READ


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'click,site,user\n1,3" wide,u\n0,a,b\n',
            r"line 2, column 2 \('site'\): a quote .* quote: \"\" under",
        ),
        ('click,site,user\n1,"a\nb",u\n0,"a" b,b\n', r"line 4, column 2 \('site'\): text behind the closing quote"),
        ('click,site,user\n1,a,u\n0,"a,b\n', r"line 3, column 2 \('site'\): the cell begins with a quote"),
        ('cl"ick,site,user\n1,a,u\n', r"no column 'click'; it has: cl\"ick"),
        ('click,"site"x,user\n1,a,u\n', r"line 1: .* expected after '\"'; where the file quotes nothing"),
        ("click,site,user\n1,a,u\n0,b\r,c\n", r"line 3, column 2 \('site'\): a carriage return alone"),
        ("click,site,user\n1,a,u\n0,b\0,c\n", "line 3: a NUL byte"),
        ("click,site,user\n1,a,u\n" + "0,b,c\n" * 200_000 + "0,b\0,c\n", "line 200003, column 2 .* a NUL byte"),
        ("click,site,user\n1,a,u\n0,b\udce9,c\n", "line 3: not UTF-8"),
        ('click,site,user\n1,"a\n\nb",u\n0,b\n', r"line 5: 2 columns where 3 are expected \(click, site, user\)"),
        ("\n\nclick,site,user\n1,a,u\n0,b\n", r"line 5: 2 columns"),
        ("click,site,user\n1,a,u\n \n", r"line 3: 1 columns"),
    ],
)
def test_faults_are_told_by_line_and_column(tmp_path, text, message):
    path = tmp_path / "log.csv"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(UserError, match=message):
        rows_of(path)


def test_a_quote_that_is_a_character_reads_without_quoting(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text('click,size,site\n1,3" wide,a\n0,"b,c"\n'.replace('"b,c"', '"b,c'))
    for quote in ("", None):
        found = rows_of(path, described("size", "site", format={"quote": quote}))
        assert found == [(1, '3" wide', "a"), (0, '"b', "c")]


@pytest.mark.parametrize(
    ("text", "rows", "blank"),
    [
        (
            "\nclick,site,user\n,,\n\n1,,\r\n\r\n,,x\n0,y,\n\n\n",
            [("", "", ""), ("1", "", ""), ("", "", "x"), ("0", "y", "")],
            4,
        ),
        ("click,site,user\n1,,\n0,,", [("1", "", ""), ("0", "", "")], 0),
    ],
)
def test_blank_lines_are_no_rows_and_rows_of_missing_cells_stay(tmp_path, text, rows, blank):
    (tmp_path / "log.csv").write_text(text, newline="")
    assert raw_rows(tmp_path / "log.csv", {}) == (rows, blank)


def test_rows_skipped_and_blank_lines_add_up(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(ROWS + "1,x\n\n0,y,z,9\n\n")
    rows, report = read(path, described(on_bad_row="skip"))
    assert rows.rows() == READ
    assert (report.rows, report.skipped_rows, report.blank_lines) == (3, 2, 2)
    assert report.rows + report.skipped_rows + report.blank_lines + 1 == path.read_text().count("\n")


def test_a_cell_larger_than_any_buffer(tmp_path):
    path, long = tmp_path / "log.csv", "x" * (9 << 20)
    for quote in ("", '"'):
        path.write_text(ROWS + f"0,{quote}{long}{quote},u9\n1,s0,u1\n")
        assert rows_of(path) == [*READ, (0, long, "u9"), (1, "s0", "u1")]


def test_a_quoted_name_with_a_line_end(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text('"click","site, placement","us""er\nid"\n1,"a, b",u1\n0,b\n')
    description = described("site, placement", 'us"er\nid')
    with pytest.raises(UserError, match="line 4: 2 columns"):
        rows_of(path, description)
    path.write_text(path.read_text().removesuffix("0,b\n") + "0,b,u2\n")
    assert rows_of(path, description) == [(1, "a, b", "u1"), (0, "b", "u2")]


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"separator": ""}, "at least 1 character"),
        ({"separator": "\n"}, "line end"),
        ({"separator": "\\t"}, "a tab is written"),
        ({"separator": '"'}, "holds the quote"),
        ({"separator": '","'}, "holds the quote"),
        ({"quote": "''"}, "not one character"),
        ({"quote": "\u00ab"}, "not one character of ASCII"),
        ({"quote": "\n"}, "not one character"),
        ({"separator": " ", "strip": True}, "the separator is a blank"),
    ],
)
def test_formats_that_mean_nothing_are_refused(form, message):
    with pytest.raises(ValidationError, match=message):
        Delimited(**form)


def test_libfm_reads_ids_and_no_values(tmp_path):
    path = tmp_path / "log.libfm"
    form = {"kind": "libfm", "columns": ["site", "user"]}
    path.write_text("1 7:1 9:1.0\n0 a-b:1 9:1\n")
    assert rows_of(path, described(format=form)) == [(1, "7", "9"), (0, "a-b", "9")]
    odd = (
        ("9:0.5", "'9:0.5'; values are not read"),
        ("9", "'9' is not id:value"),
        ("1:9:1", "'1:9:1' is not id:value"),
    )
    for cell, message in odd:
        path.write_text(f"1 7:1 9:1\n\n0 8:1 {cell}\n")
        with pytest.raises(UserError, match=f"line 3: {message}"):
            rows_of(path, described(format=form))
    path.write_text("1 7:1 9:1\n0 8:1 9:0.5\n")
    assert rows_of(path, described(format={**form, "values": "ignored"}))[1] == (0, "8", "9")


FFM = {"kind": "libffm", "columns": ["site", "user", "n", "tags"]}
TAGS = ({"name": "n", "kind": "numeric"}, {"name": "tags", "kind": "multi_hot"})


def test_libffm_reads_fields_in_any_order(tmp_path):
    path = tmp_path / "log.ffm"
    path.write_text("\ufeff1 0:7:1 1:9:1 2:0:0.25 3:4:1 3:5:1.0 \r\n\n0\t1:8:1  0:x-y:1\n1\n")
    rows, report = read(path, described("site", "user", *TAGS, format=FFM))
    expected = [(1, "7", "9", 0.25, ["4", "5"]), (0, "x-y", "8", None, None), (1, None, None, None, None)]
    assert rows.rows() == expected
    assert report.blank_lines == 1
    assert score_rows(path, described("site", "user", *TAGS, format=FFM)).height == 3


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1 0:7", "'0:7' is not field:id:value"),
        ("1 0:7:1:1", "'0:7:1:1' is not field:id:value"),
        ("1 :7:1", "':7:1' is not field:id:value"),
        ("1 4:7:1", "'4:7:1': there is no field 4; described are 0 to 3"),
        ("1 x:7:1", "there is no field x"),
        ("1 0:7:1 0:8:1", r"field 0 \('site'\) has several ids"),
        ("1 3:a|b:1", r"is not written as expected"),
        ("1 1:7:0.5", "'1:7:0.5'; values are not read"),
        ("0:7:1 1:8:1", "'0:7:1' stands where the label is expected"),
    ],
)
def test_libffm_mistakes_are_named_by_line(tmp_path, line, message):
    path = tmp_path / "log.ffm"
    path.write_text(f"1 0:7:1\n\n{line}\n0 0:8:1\n")
    with pytest.raises(UserError, match=f"line 3: .*{message}"):
        rows_of(path, described("site", "user", *TAGS, format=FFM))
    skipping = described("site", "user", *TAGS, format=FFM, on_bad_row="skip")
    if "values are not read" in message:
        with pytest.raises(UserError, match=f"line 3: .*{message}"):
            rows_of(path, skipping)
        return
    rows, report = read(path, skipping)
    assert rows["site"].to_list() == ["7", "8"]
    assert report.skipped_rows == 1


TOKENS = st.dictionaries(st.integers(0, 2), st.text(st.sampled_from("ab7-\u00e9|"), min_size=1, max_size=3))


@given(rows=st.lists(st.tuples(st.sampled_from("01"), TOKENS), min_size=2, max_size=9), data=st.data())
@settings(max_examples=60, **FILES)
def test_libffm_round_trip(tmp_path, rows, data):
    path = tmp_path / "log.ffm"
    lines = []
    for label, cells in rows:
        order = data.draw(st.permutations(sorted(cells)))
        lines.append(" ".join([label, *(f"{place}:{cells[place]}:1" for place in order)]))
    path.write_text("\n".join(lines), encoding="utf-8")
    form = {"kind": "libffm", "columns": ["site", "user", "x"]}
    description = described("site", "user", "x", format=form)
    with tempfile.TemporaryDirectory() as folder:
        table = open_table(RawFile(str(path)), description, (), Path(folder))
        found = table.rows.select("click", "site", "user", "x").collect().rows()
    assert found == [(label, *(cells.get(place) for place in range(3))) for label, cells in rows]


def test_no_folder_gives_no_columns():
    assert RawFile("a.csv").columns == FolderColumns()
