"""What a file is, its bytes say: compression, kinds that are read, kinds that are refused by name."""

import base64
import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import tarfile
import zipfile

import numpy as np
import polars as pl
import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autofis_kedro.data import unpacking
from autofis_kedro.errors import UserError
from tests.data.logs import READ, ROWS, described, rows_of, score_rows

PLAIN = ROWS.encode()
ZSTD = base64.b64decode("KLUv/QRYQQEAY2xpY2ssc2l0ZSx1c2VyCjEsczAsdTEKMCxzMSx1MgoxLHMyLHUxCi9aAT8=")
"""What the zstd command makes of it, with a checksum."""
PACK = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda data: pyarrow.compress(data, "zstd", asbytes=True),
}


@pytest.mark.parametrize("codec", PACK)
@pytest.mark.parametrize("name", ["log.csv", "LOG.CSV.GZ", "log.csv.zst", "log.xz", "log"])
def test_what_is_compressed_the_bytes_say(tmp_path, codec, name):
    (tmp_path / name).write_bytes(PACK[codec](PLAIN))
    assert rows_of(tmp_path / name) == READ


@pytest.mark.parametrize("codec", PACK)
def test_members_one_behind_the_other_and_twice_compressed(tmp_path, codec):
    pack = PACK[codec]
    several = b"".join(map(pack, (PLAIN[:9], PLAIN[9:30], b"", PLAIN[30:])))
    thrice = pack(pack(gzip.compress(PLAIN)))
    for name, data in (("several", several), ("twice", pack(gzip.compress(PLAIN))), ("thrice", thrice)):
        (tmp_path / name).write_bytes(data)
        assert rows_of(tmp_path / name) == READ
    (tmp_path / "often").write_bytes(pack(pack(pack(pack(PLAIN)))))
    with pytest.raises(UserError, match="compressed more than 3 times"):
        rows_of(tmp_path / "often")


def test_a_skippable_frame_and_padding(tmp_path):
    (tmp_path / "a").write_bytes(b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + PACK["zstd"](PLAIN))
    (tmp_path / "b").write_bytes(lzma.compress(PLAIN) + bytes(8))
    (tmp_path / "c").write_bytes(gzip.compress(PLAIN) + bytes(512))
    for name in "abc":
        assert rows_of(tmp_path / name) == READ


LONG = ("click,site,user\n" + "".join(f"{i % 2},s{i * i % 977},u{i % 7}\n" for i in range(3000))).encode()
CHECKED = {**PACK}
del CHECKED["zstd"]  # pyarrow writes no checksum into its frames


@given(data=st.data(), codec=st.sampled_from(sorted(CHECKED)), cut=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files_are_refused_or_read_as_they_were(tmp_path, data, codec, cut):
    """A flipped bit in a header's time stamp or name changes nothing that is read; every other one is found."""
    one, other = LONG[: len(LONG) // 2], LONG[len(LONG) // 2 :]
    packed = bytearray(PACK[codec](one) + PACK[codec](other))
    place = data.draw(st.integers(11, len(packed) - 1))
    if cut:
        del packed[place:]
    else:
        packed[place] ^= 1 << data.draw(st.integers(0, 7))
    (tmp_path / "log").write_bytes(packed)
    folder = tmp_path / "unpacked"
    found = outcome(tmp_path / "log", folder)
    at_a_border = cut and place == len(PACK[codec](one))
    assert found in (f"is damaged: its {codec} data cannot be unpacked", one if at_a_border else LONG)


def outcome(path, folder):
    """The bytes of a file, or the beginning of what is said of it."""
    try:
        return unpacking.plain_file(str(path), folder).read_bytes()
    except UserError as error:
        return str(error).removeprefix(f"'{path}' ").partition(" (")[0]


@pytest.mark.parametrize("codec", PACK)
def test_a_cut_file_is_refused_and_nothing_is_kept(tmp_path, codec):
    packed = PACK[codec](LONG)
    (tmp_path / "log").write_bytes(packed[: len(packed) * 2 // 3])
    with pytest.raises(UserError, match=rf"log' is damaged: its {codec} data cannot be unpacked"):
        rows_of(tmp_path / "log")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log"]


def test_a_flipped_byte_in_zstd_with_a_checksum_is_found(tmp_path):
    (tmp_path / "log.zst").write_bytes(ZSTD)
    assert rows_of(tmp_path / "log.zst") == READ
    flipped = bytearray(ZSTD)
    flipped[20] ^= 1
    (tmp_path / "log.zst").write_bytes(flipped)
    with pytest.raises(UserError, match="is damaged: its zstd data"):
        rows_of(tmp_path / "log.zst")


def test_a_name_that_promises_compression_and_bytes_that_are_none(tmp_path):
    (tmp_path / "log.csv.gz").write_bytes(PLAIN)
    assert rows_of(tmp_path / "log.csv.gz") == READ
    (tmp_path / "log.csv.gz").write_bytes(b"\x1e" + gzip.compress(PLAIN)[1:])
    with pytest.raises(UserError, match="neither compressed, as its name says, nor text"):
        rows_of(tmp_path / "log.csv.gz")


def test_bombs_are_unpacked_block_by_block():
    data = bytes(3 * unpacking.BLOCK + 5)
    for codec, pack in PACK.items():
        blocks = list(unpacking.STREAMS[codec](io.BytesIO(pack(data))))
        assert max(map(len, blocks)) <= unpacking.BLOCK, codec
        assert sum(map(len, blocks)) == len(data), codec


def archive(**files):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as out:
        for name, text in files.items():
            out.writestr(name.replace("__", "/"), text)
    return held.getvalue()


def tar():
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as out:
        about = tarfile.TarInfo("log.csv")
        about.size = len(PLAIN)
        out.addfile(about, io.BytesIO(PLAIN))
    return held.getvalue()


def feather():
    held = io.BytesIO()
    pl.DataFrame({"a": [1]}).write_ipc(held)
    return held.getvalue()


def avro():
    held = io.BytesIO()
    pl.DataFrame({"a": [1]}).write_avro(held)
    return held.getvalue()


def array():
    held = io.BytesIO()
    np.save(held, np.zeros(3))
    return held.getvalue()


def orc():
    from pyarrow import orc

    held = io.BytesIO()
    orc.write_table(pyarrow.table({"a": [1]}), held)
    return held.getvalue()


def database():
    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table t (a)")
        return connection.serialize()


OTHERS = [
    (archive(xl__workbook="x"), "an Excel (xlsx) file", "save the sheet as csv"),
    (archive(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "an OpenDocument (ods) file", "as csv"),
    (archive(log="x"), "a zip archive", "unpack it"),
    (archive(), "a zip archive", "unpack it"),
    (b"PK\x03\x04 cut", "a zip archive", "unpack it"),
    (tar(), "a tar archive", "unpack it"),
    (avro(), "an Avro file", "csv or parquet"),
    (orc(), "an ORC file", "csv or parquet"),
    (feather(), "an Arrow (feather) file", "csv or parquet"),
    (database(), "a SQLite database", "csv or parquet"),
    (array(), "a numpy array", "csv or parquet"),
    (pickle.dumps({"a": 1}), "a Python pickle", "csv or parquet"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old Excel (xls)", "save the sheet as csv"),
    (b'[{"click": 1}, {"click": 0}]', "JSON in one array", "kind: jsonl"),
    (b'\n [\n  {"click": 1}\n]', "JSON in one array", "kind: jsonl"),
    (b"<!DOCTYPE html><html></html>", "an HTML page", "csv or parquet"),
    (b'<?xml version="1.0"?><a/>', "an XML document", "csv or parquet"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "a pointer of Git LFS", "git lfs pull"),
    (b"\x04\x22\x4d\x18" + bytes(20), "compressed with lz4", "compress it with gzip"),
    (ROWS.encode("utf-16"), "text in UTF-16", "iconv -f UTF-16"),
    (ROWS.encode("utf-16-le") * 9, "text in UTF-16", "iconv -f UTF-16"),
    (ROWS.encode("utf-32"), "text in UTF-32", "iconv -f UTF-32"),
]


@pytest.mark.parametrize(("data", "what", "way_out"), OTHERS, ids=[f"{o[1]} {i}" for i, o in enumerate(OTHERS)])
def test_other_kinds_are_refused_by_name_with_the_way_out(tmp_path, data, what, way_out):
    for name, held in (("log.csv", data), ("log.csv.gz", gzip.compress(data))):
        (tmp_path / name).write_bytes(held)
        for reads in (rows_of, score_rows):
            with pytest.raises(UserError) as error:
                reads(tmp_path / name)
            assert f"{name}' is {what}" in str(error.value)
            assert way_out in str(error.value)


FRAME = pl.DataFrame({"click": [1, 0, 1], "site": ["s0", "s1", "s2"], "user": ["u1", "u2", "u1"]})
FORMS = {"csv": {"kind": "delimited"}, "tsv": {"kind": "delimited", "separator": "\t"}}
FORMS |= {"jsonl": {"kind": "jsonl"}, "parquet": {"kind": "parquet"}}
SAID = {"csv": "text", "tsv": "text", "jsonl": "JSON lines", "parquet": "parquet"}


def write(path, form):
    writes = {"csv": FRAME.write_csv, "jsonl": FRAME.write_ndjson, "parquet": FRAME.write_parquet}
    writes["tsv"] = lambda file: FRAME.write_csv(file, separator="\t")
    writes[form](path)


@pytest.mark.parametrize("written", FORMS)
@pytest.mark.parametrize("form", FORMS)
def test_bytes_and_description_agree_for_training_and_bytes_decide_for_prediction(tmp_path, written, form):
    write(tmp_path / "log", written)
    description = described(format=FORMS[form])
    if SAID[written] == SAID[form]:
        if written == form:
            assert rows_of(tmp_path / "log", description) == READ
        return
    kind = FORMS[form]["kind"]
    with pytest.raises(UserError, match=rf"log' is {SAID[written]} by its bytes, .* format kind {kind}; set .*format"):
        rows_of(tmp_path / "log", description)
    assert score_rows(tmp_path / "log", description).rows() == [row[1:] for row in READ]


@pytest.mark.parametrize("name", ["ORCHARD", "PAR1", "PARE", "FEA1", "ARROW1", '"x"', "[x]", "{x}"])
def test_names_of_columns_that_look_like_magic_numbers_are_text(tmp_path, name):
    (tmp_path / "log.csv").write_text(f"{name},user,click\na,b,1\nc,d,0\n")
    assert rows_of(tmp_path / "log.csv", described(name.strip('"'), "user")) == [(1, "a", "b"), (0, "c", "d")]


@pytest.mark.parametrize("cell", ['{"a": 1, "b": [2]}', '[{"a": 1}]', "[[1, 2]]", "{}"])
def test_json_in_the_first_cell_is_text(tmp_path, cell):
    (tmp_path / "log.csv").write_text(f"{cell}|u1|1\n{cell}|u2|0\n")
    form = {"separator": "|", "quote": "", "columns": ["site", "user", "click"]}
    assert rows_of(tmp_path / "log.csv", described(format=form)) == [(1, cell, "u1"), (0, cell, "u2")]


def test_text_to_predict_without_a_known_header_names_both(tmp_path):
    (tmp_path / "log").write_text("1 2\n")
    with pytest.raises(UserError, match="text by its bytes, and the description says format kind parquet"):
        score_rows(tmp_path / "log", described(format={"kind": "parquet"}))


def test_rows_to_predict_may_be_none_and_may_have_more_columns(tmp_path):
    for name, text in (("header", "site,user\n"), ("nothing", ""), ("blank", "\n\n")):
        (tmp_path / name).write_text(text)
        assert score_rows(tmp_path / name).shape == (0, 2)
        with pytest.raises(UserError, match=r"no rows|has no column 'click'"):
            rows_of(tmp_path / name)
    (tmp_path / "more").write_text("user,note,site\nu1,x,s0\n")
    assert score_rows(tmp_path / "more").rows() == [("s0", "u1")]


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_damaged_parquet_is_refused(tmp_path, share):
    held = io.BytesIO()
    FRAME.sample(4000, with_replacement=True, seed=0).write_parquet(held)
    data = held.getvalue()
    (tmp_path / "a.parquet").write_bytes(data)
    (tmp_path / "b.parquet").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UserError, match=r"b.parquet' is a damaged parquet file"):
        rows_of(tmp_path, described(format={"kind": "parquet"}))


def test_json_lines(tmp_path):
    lines = [{"click": 1, "site": "s0", "n": 1.5, "tags": ["p", 7]}, {"click": False, "site": 8, "n": None, "tags": []}]
    lines += [{"click": "1", "user": 12345678901234567890}, {"click": 0, "site": "", "n": -3, "tags": None}]
    text = "\ufeff" + "\r\n\r\n".join(map(json.dumps, lines))
    (tmp_path / "log[1].jsonl").write_text(text, newline="")
    fields = ("site", {"name": "n", "kind": "numeric"}, "user")
    description = described(*fields, format={"kind": "jsonl"}, drop=("tags",))
    assert rows_of(tmp_path / "log[1].jsonl", description) == [
        (1, "s0", 1.5, None),
        (0, "8", None, None),
        (1, None, None, "12345678901234567890"),
        (0, None, -3.0, None),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"click": 1', "line 3 is no JSON object"),
        ("[1, 2]", r"line 3 is \[1, 2\], not a JSON object"),
        ('"text"', 'line 3 is "text", not a JSON object'),
        ('{"click": NaN}', "line 3 is no JSON object"),
        ('{"click": 1} {"click": 0}', "line 3 is no JSON object"),
        ('{"click": "\udcff"}', "line 3 is no JSON object"),
        ('{"click": 1, "new": 2}', "columns that are not described: 'new'"),
    ],
)
def test_what_is_no_json_object_is_named_by_its_line(tmp_path, line, message):
    good = '{"click": 1, "site": "a", "user": "b"}\n'
    (tmp_path / "log.jsonl").write_bytes((good + "\n" + line + "\n" + good).encode(errors="surrogateescape"))
    with pytest.raises(UserError, match=message):
        rows_of(tmp_path / "log.jsonl", described(format={"kind": "jsonl"}))
