"""The small logs that users would bring, where they are at hand: which files, what they are, rows and cells."""

import csv
import gzip
import re
from pathlib import Path

import polars as pl
import pytest

from autofis_kedro.errors import UserError
from tests.data.logs import described, read, rows_of, score_rows

CASES = Path(__file__).parents[3] / "shared" / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not in ../shared/cases")

FIELDS = ("site", "device", "user", "price")


def cells(text, separator=","):
    """Label and fields as Python's parser reads them."""
    _, *rows = csv.reader(text.splitlines(), delimiter=separator)
    return [(int(row[0]), *(cell or None for cell in row[1:])) for row in rows]


def plain(case):
    """The same rows where they are plain."""
    return cells(gzip.decompress((CASES / case).read_bytes()).decode())


def test_blanks():
    log = CASES / "blanks" / "log.csv"
    with pytest.raises(UserError, match=r"blanks/log.csv' has no column 'site'.*set strip: true under format"):
        rows_of(log, described(*FIELDS))
    expected = cells(re.sub(r" *, *", ",", log.read_text()))
    assert rows_of(log, described(*FIELDS, format={"strip": True})) == expected


def test_two_char_separator():
    log = CASES / "two-char-separator" / "ratings.dat"
    form = {"separator": "::", "columns": ["user", "item", "rating", "time"]}
    label = {"column": "rating", "positive": ["4", "5"], "negative": ["0", "1", "2", "3"]}
    found = rows_of(log, described("user", "item", "time", format=form, label=label))
    expected = [line.split("::") for line in log.read_text().splitlines()]
    assert found == [(int(int(r) >= 4), user, item, time) for user, item, r, time in expected]


def test_libffm():
    log = CASES / "libffm" / "log.ffm"
    form = {"kind": "libffm", "columns": ["site", "device", "user"]}
    with pytest.raises(UserError, match=r"log.ffm', line 1: '2:144:0.5'; values are not read: write 1, or set values"):
        rows_of(log, described("site", "device", "user", format=form))
    found = rows_of(log, described("site", "device", "user", format={**form, "values": "ignored"}))
    lines = [line.split() for line in log.read_text().splitlines()]
    assert found == [(int(label), *(token.split(":")[1] for token in tokens)) for label, *tokens in lines]


def test_quoted_header():
    log = CASES / "quoted-header" / "log.csv"
    assert rows_of(log, described("site, placement", "device", "user")) == cells(log.read_text())


def test_missing_and_blank_lines():
    log = CASES / "missing-and-blank-lines" / "log.csv"
    lines = [line.split(",") for line in log.read_text().splitlines()[1:]]
    rows, report = read(log, described("a", "b"))
    assert rows.rows() == [(int(line[2]), line[0] or None, line[1] or None) for line in lines if len(line) == 3]
    assert report.rows + report.blank_lines == len(lines)
    assert (report.blank_lines, report.skipped_rows) == (1, 0)


def test_stray_quote():
    log = CASES / "stray-quote" / "log.csv"
    with pytest.raises(UserError, match=r"log.csv', line 2, column 2 \('size'\): a quote .* quote: \"\" under format"):
        rows_of(log, described("size", "site"))
    expected = [tuple(line.split(",")) for line in log.read_text().splitlines()[1:]]
    assert rows_of(log, described("size", "site", format={"quote": ""})) == [(int(c), a, b) for c, a, b in expected]


def test_same_base_name():
    rows, report = read(CASES / "same-base-name", described(*FIELDS))
    files = [CASES / "same-base-name" / name for name in ("day1/log.csv.gz", "day2/log.csv.bz2", "day2/log.csv.gz")]
    assert report.files == 3
    assert rows.rows() == [row for file in files for row in rows_of(file, described(*FIELDS))]


def test_glob_characters():
    for name in ("log[1].csv", "log1.csv"):
        log = CASES / "glob-characters" / name
        assert rows_of(log, described(*FIELDS)) == cells(log.read_text())


def test_written_by_spark():
    rows, report = read(CASES / "written-by-spark", described(*FIELDS))
    parts = sorted((CASES / "written-by-spark").glob("part-*"))
    full = [part for part in parts if gzip.decompress(part.read_bytes())]
    assert len(full) < len(parts)
    assert report.files == len(full)
    assert rows.rows() == [row for part in full for row in plain(part)]


def test_hive():
    description = described("site", "date", drop=("device", "user", "price"), format={"kind": "parquet"})
    rows = read(CASES / "hive", description)[0]
    parts = [pl.read_parquet(CASES / "hive" / f"date=2026-03-0{day}" / "part-0.parquet") for day in (1, 2)]
    assert rows["date"].to_list() == [f"2026-03-0{day}" for day in (1, 2) for _ in range(len(parts[day - 1]))]
    assert rows["site"].to_list() == [str(value) for part in parts for value in part["site"]]
    with pytest.raises(UserError, match="is parquet by its bytes, and the description says format kind"):
        rows_of(CASES / "hive", described("site", "date"))


def test_compressed():
    assert len(rows_of(CASES / "compressed" / "log.csv.zst", described(*FIELDS))) == 400


@pytest.mark.parametrize(
    ("name", "reason"),
    [("cut.csv.gz", "ended before"), ("flipped.csv.gz", "CRC check failed"), ("flipped.csv.xz", "Corrupt input data")],
)
def test_damaged(name, reason):
    with pytest.raises(UserError, match=rf"{name}' is damaged: its (gzip|xz) data cannot be unpacked .*{reason}"):
        rows_of(CASES / "damaged" / name, described(*FIELDS))


def test_line_ends():
    log = CASES / "line-ends" / "carriage-return.csv"
    assert rows_of(log, described(*FIELDS)) == cells(log.read_text())
    assert rows_of(CASES / "line-ends" / "LOG.CSV.GZ", described(*FIELDS)) == plain("line-ends/LOG.CSV.GZ")


def test_extra_column():
    description = described(*FIELDS)
    assert score_rows(CASES / "extra-column" / "new_rows.csv", description).shape == (50, 4)
    assert score_rows(CASES / "extra-column" / "no_rows.csv", description).shape == (0, 4)
