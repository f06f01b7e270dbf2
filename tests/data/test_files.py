"""Which files a path stands for, and what the names of folders say."""

import bz2
import errno
import gzip
import os
import socket

import fsspec
import polars as pl
import pytest

from autofis_kedro.errors import UserError
from tests.data.logs import READ, ROWS, described, read, rows_of

HEADER, *LINES = ROWS.splitlines(keepends=True)


def test_compressed_files_of_one_base_name_are_all_read(tmp_path):
    for day, line in enumerate(LINES):
        (tmp_path / f"day{day}").mkdir()
        (tmp_path / f"day{day}" / "log.csv.gz").write_bytes(gzip.compress((HEADER + line).encode()))
    (tmp_path / "day2" / "log.csv.bz2").write_bytes(bz2.compress((HEADER + "0,s9,u9\n").encode()))
    rows, report = read(tmp_path)
    assert rows.rows() == [*READ[:2], (0, "s9", "u9"), READ[2]]
    assert report.files == 4
    assert rows_of(f"{tmp_path}/day*/log.csv.gz") == READ


@pytest.mark.parametrize("name", ["log[1].csv", "log*.csv", "log?.csv", "[x].csv", "s3:__b.csv", "ä ü.csv", "a=b.csv"])
def test_a_path_that_exists_is_that_file(tmp_path, name):
    for other in ("log1.csv", "x.csv", "logs.csv"):
        (tmp_path / other).write_text(HEADER + "0,other,u\n1,other,u\n")
    for folder in (tmp_path, tmp_path / "a[1]", tmp_path / "b*"):
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(ROWS)
        assert rows_of(folder / name) == READ
    (tmp_path / "a[1]" / "second.csv").write_text(HEADER + "0,s9,u9\n")
    assert sorted(rows_of(tmp_path / "a[1]")) == sorted([*READ, (0, "s9", "u9")])
    assert rows_of(tmp_path / "a[1]", described(files=name)) == READ


def test_a_glob_is_a_pattern_where_nothing_has_that_name(tmp_path):
    for name, text in (("log1.csv", ROWS), ("log2.csv", HEADER + "0,s9,u9\n"), ("_log3.csv", "no data"), (".log4", "")):
        (tmp_path / name).write_text(text)
    assert rows_of(f"{tmp_path}/log[1].csv") == READ
    assert len(rows_of(f"{tmp_path}/*")) == 4
    assert len(rows_of(f"{tmp_path}/**/*.csv")) == 4
    with pytest.raises(UserError, match="no such file, folder or glob"):
        rows_of(f"{tmp_path}/log[3].csv")
    with pytest.raises(UserError, match="no file in this folder matches"):
        rows_of(tmp_path, described(files="*.tsv"))


def test_what_begins_with_a_low_line_or_a_dot_is_no_data_and_an_empty_part_is_none(tmp_path):
    for name in ("_SUCCESS", ".part-0.csv.crc", ".DS_Store", "_temporary/part-9.csv", ".ipynb_checkpoints/log.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\0\1 no data")
    for part, line in enumerate(LINES):
        (tmp_path / f"part-{part}.csv.gz").write_bytes(gzip.compress((HEADER + line).encode()))
    (tmp_path / "part-3.csv.gz").write_bytes(gzip.compress(b""))
    (tmp_path / "part-4.csv").write_bytes(b"")
    (tmp_path / "part-5.csv").write_text(HEADER)
    rows, report = read(tmp_path)
    assert rows.rows() == READ
    assert report.files == 4, "the header alone is a file"


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
def test_names_of_folders_are_columns(tmp_path, form):
    frame = pl.DataFrame({"click": [1, 0], "site": ["s0", "s1"]})
    for day in ("2026-03-01", "a%2Fb", "__HIVE_DEFAULT_PARTITION__"):
        folder = tmp_path / "log" / f"date={day}"
        folder.mkdir(parents=True)
        path = folder / "part-0"
        {"csv": frame.write_csv, "parquet": frame.write_parquet, "jsonl": frame.write_ndjson}[form](path)
    kind = {"format": {"kind": "delimited" if form == "csv" else form}}
    description = described("site", "date", **kind)
    days = ["2026-03-01", "2026-03-01", None, None, "a/b", "a/b"]
    for place in (tmp_path / "log", f"{tmp_path}/log/*/part-0", f"{tmp_path}/log/date=*"):
        assert [row[2] for row in rows_of(place, description)] == days
    for place in ("log/date=2026-03-01", "log/date=2026-03-01/part-0"):  # asked for, though above what is read
        assert rows_of(tmp_path / place, description) == [(1, "s0", "2026-03-01"), (0, "s1", "2026-03-01")]
    for path in (tmp_path / "log").rglob("part-0"):
        twin = frame.with_columns(user=pl.col("site"))
        {"csv": twin.write_csv, "parquet": twin.write_parquet, "jsonl": twin.write_ndjson}[form](path)
    with pytest.raises(UserError, match="not described: 'date'"):
        rows_of(tmp_path / "log", described(**kind))
    assert len(rows_of(tmp_path / "log", described(**kind, drop=("date",)))) == 6


def test_a_column_of_the_file_and_of_its_folder_is_refused(tmp_path):
    (tmp_path / "site=s1").mkdir()
    (tmp_path / "site=s1" / "log.csv").write_text(ROWS)
    with pytest.raises(UserError, match=r"more than one column named 'site' \(its folder's name gives it, too\)"):
        rows_of(tmp_path)
    assert rows_of(tmp_path / "site=s1") == READ, "the folder was not asked for a column"


def test_files_per_split_are_chosen_by_name_or_by_path(tmp_path):
    for name, line in zip(("train/a.csv", "valid/a.csv", "test/a[1].csv"), LINES, strict=True):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(HEADER + line)
    patterns = {"train": "train/*", "valid": "valid/*.csv", "test": "a[1].csv"}
    assert rows_of(tmp_path, described(split_files=patterns)) == READ
    with pytest.raises(UserError, match=r"a\[1\].csv' would hold train rows and test rows"):
        rows_of(tmp_path, described(split_files={"train": "*", "test": "a[1].csv"}))
    with pytest.raises(UserError, match="no file for the valid rows matches 'x'"):
        rows_of(tmp_path, described(split_files={"train": "train/*", "valid": "x"}))


def test_what_is_no_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        folder = os.getcwd()
        os.chdir(tmp_path)  # the path of a socket is short
        try:
            listening.bind("socket")
        finally:
            os.chdir(folder)
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    for name, what in (("pipe", "a named pipe"), ("socket", "a socket"), ("link", "a link to a file that does not")):
        for place in (str(tmp_path / name), f"{tmp_path}/{name[:-1]}?"):
            with pytest.raises(UserError, match=what):
                rows_of(place)
        with pytest.raises(UserError, match=what):
            rows_of(tmp_path, described(files=name))
    for device in ("/dev/zero", "/dev/null", "file:///dev/zero"):
        with pytest.raises(UserError, match="is a device, not a file"):
            rows_of(device)


def test_a_name_that_is_no_text_is_refused(tmp_path):
    (tmp_path / os.fsdecode(b"log\xff.csv")).write_text(ROWS)
    with pytest.raises(UserError, match=r"log\\udcff.csv': the name is not UTF-8"):
        rows_of(tmp_path)


def test_a_full_disk_is_said(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "log.csv").write_text(ROWS.replace(",", "::"))
    (tmp_path / "log.gz").write_bytes(gzip.compress(ROWS.encode()))
    monkeypatch.setattr("autofis_kedro.data.cleaning.new_file", full)
    with pytest.raises(UserError, match=r"no space left on the disk .*log.csv"):
        rows_of(tmp_path / "log.csv", described(format={"separator": "::"}))
    monkeypatch.setattr("autofis_kedro.data.unpacking.new_file", full)
    with pytest.raises(UserError, match=r"no space left on the disk .*log.gz"):
        rows_of(tmp_path / "log.gz")


def test_links_in_a_circle_end(tmp_path):
    (tmp_path / "log.csv").write_text(ROWS)
    (tmp_path / "again").symlink_to(tmp_path)
    assert rows_of(tmp_path) == READ


def test_tables_whose_files_may_be_data_no_more_are_refused(tmp_path):
    (tmp_path / "log.csv").write_text(ROWS)
    (tmp_path / "_delta_log").mkdir()
    with pytest.raises(UserError, match="is a Delta table"):
        rows_of(tmp_path)


def test_urls_follow_the_same_rules():
    system = fsspec.filesystem("memory")
    for name, text in (("log[1].csv", ROWS), ("log1.csv", HEADER + "0,s9,u9\n"), ("_SUCCESS", ""), ("sub/x.csv", "")):
        system.pipe(f"/bytes/{name}", text.encode())
    system.pipe("/bytes/packed", gzip.compress(ROWS.encode()))
    assert rows_of("memory://bytes/log[1].csv") == READ
    assert rows_of("memory://bytes/packed") == READ
    assert len(rows_of("memory://bytes", described(files="log*"))) == 4
    assert len(rows_of("memory://bytes/log*")) == 4
    for url, message in (
        ("memory://bytes/none.csv", "no such file"),
        ("unknown://x", "Protocol not known"),
        ("https://localhost:1/x.csv", "cannot be read"),
    ):
        with pytest.raises(UserError, match=message):
            rows_of(url)
