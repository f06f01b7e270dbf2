"""What a file is: its first bytes say, never its name. What cannot be read is refused by name, with the way out."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Literal

from autofis_kedro.errors import UserError

Kind = Literal["empty", "text", "jsonl", "parquet"]
HEAD = 1 << 20
"""Bytes that are looked at."""

UNPACK = "unpack it"
AS_CSV = "save the rows as csv or parquet"
REFUSED: tuple[tuple[bytes, int, str, str], ...] = (
    (b"PARE", 0, "an encrypted parquet file", "write it without encryption"),
    (b"Obj\x01", 0, "an Avro file", AS_CSV),
    (b"ORC", 0, "an ORC file", AS_CSV),
    (b"ARROW1", 0, "an Arrow (feather) file", AS_CSV),
    (b"FEA1", 0, "a feather file", AS_CSV),
    (b"SQLite format 3\0", 0, "a SQLite database", AS_CSV),
    (b"DUCK", 8, "a DuckDB database", AS_CSV),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, "an old Excel (xls) or Office file", "save the sheet as csv"),
    (b"\x89HDF\r\n\x1a\n", 0, "an HDF5 file", AS_CSV),
    (b"\x93NUMPY", 0, "a numpy array", AS_CSV),
    (b"\x80\x04\x95", 0, "a Python pickle, which is never opened", AS_CSV),
    (b"\x80\x05\x95", 0, "a Python pickle, which is never opened", AS_CSV),
    (b"%PDF-", 0, "a PDF", AS_CSV),
    (b"7z\xbc\xaf\x27\x1c", 0, "a 7z archive", UNPACK),
    (b"Rar!\x1a\x07", 0, "a rar archive", UNPACK),
    (b"ustar", 257, "a tar archive", f"{UNPACK} and name the folder"),
    (b"\x04\x22\x4d\x18", 0, "compressed with lz4", f"{UNPACK}, or compress it with gzip, zstd, bz2 or xz"),
    (b"\xff\x06\0\0sNaPpY", 0, "compressed with snappy", f"{UNPACK}, or compress it with gzip, zstd, bz2 or xz"),
    (b"\x1f\x9d", 0, "compressed with compress (.Z)", f"{UNPACK}, or compress it with gzip, zstd, bz2 or xz"),
    (b"\x89LZO", 0, "compressed with lzop", f"{UNPACK}, or compress it with gzip, zstd, bz2 or xz"),
    (b"\xff\xfe\0\0", 0, "text in UTF-32", "convert it: iconv -f UTF-32 -t UTF-8"),
    (b"\0\0\xfe\xff", 0, "text in UTF-32", "convert it: iconv -f UTF-32 -t UTF-8"),
    (b"\xff\xfe", 0, "text in UTF-16", "convert it: iconv -f UTF-16 -t UTF-8"),
    (b"\xfe\xff", 0, "text in UTF-16", "convert it: iconv -f UTF-16 -t UTF-8"),
    (b"version https://git-lfs", 0, "a pointer of Git LFS and not the file itself", "fetch it: git lfs pull"),
)
PACKED = (".gz", ".gzip", ".bz2", ".xz", ".zst", ".zstd")
JSON_OBJECT = re.compile(rb'\s*\{\s*("(?:[^"\\]|\\.)*"\s*:|\}\s*$)')
JSON_ARRAY = re.compile(rb"\s*\[\s*[\[{]")
MARKUP = re.compile(rb"\s*<(!doctype\s+html|html|\?xml)\b", re.IGNORECASE)


def kind_of(plain: Path, name: str) -> Kind:
    """What an unpacked file is.

    Args:
        plain: where it is.
        name: how the user calls it.

    Raises:
        UserError: it is of a kind that is not read; the message says what it is and what to do.
    """
    with plain.open("rb") as file:
        head = file.read(HEAD)
        is_whole = not file.read(1)
    is_text = b"\0" not in head and _is_utf8(head)
    for magic, place, what, way_out in REFUSED:
        if _begins(head, magic, place, is_text=is_text):
            raise refused(name, what, way_out)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        raise refused(name, *_archive(plain))
    if _begins(head, b"PAR1", 0, is_text=is_text):
        return "parquet"
    head = head.removeprefix(b"\xef\xbb\xbf")
    if is_whole and not head.strip(b"\r\n"):
        return "empty"
    if JSON_ARRAY.match(head) and not _goes_on(head):
        raise refused(name, "JSON in one array", "write one object per line (jq -c '.[]') and set kind: jsonl")
    if found := MARKUP.match(head):
        what = "an XML document" if found[1].startswith(b"?") else "an HTML page (a log-in or an error page?)"
        raise refused(name, what, AS_CSV)
    _check_text(head, name)
    return "jsonl" if JSON_OBJECT.match(head) and not _goes_on(head) else "text"


def _begins(head: bytes, magic: bytes, place: int, *, is_text: bool) -> bool:
    """Whether a file has a magic number; text, whose first column may be named ``ORC`` or ``PAR1``, has none."""
    is_word = magic.isascii() and magic.decode().isprintable() and len(magic) < 8
    return head[place : place + len(magic)] == magic and not (is_word and is_text)


def _goes_on(head: bytes) -> bool:
    """Whether the JSON at the beginning of the first line is a cell, behind which the line goes on."""
    line = head.strip().partition(b"\n")[0].decode("utf-8", "replace").strip()
    try:
        return json.JSONDecoder().raw_decode(line)[1] < len(line)
    except ValueError:
        return False


def _check_text(head: bytes, name: str) -> None:
    """Text in UTF-8 has no NUL; what is not text cannot be told line by line."""
    nul = head.find(b"\0")
    if nul >= 0 and max(head[0:200:2].count(0), head[1:200:2].count(0)) > 50:
        raise refused(name, "text in UTF-16", "convert it: iconv -f UTF-16 -t UTF-8")
    if name.lower().endswith(PACKED) and (nul >= 0 or not _is_utf8(head)):
        raise refused(name, "neither compressed, as its name says, nor text", "it is damaged: fetch it again")
    if nul >= 0:
        line = head.count(b"\n", 0, nul) + 1
        raise UserError(f"'{name}', line {line}: a NUL byte; the file is damaged, or no text")


def _is_utf8(head: bytes) -> bool:
    try:
        head[:-4].decode("utf-8") if len(head) == HEAD else head.decode("utf-8")
    except UnicodeDecodeError as error:
        return len(head) == HEAD and error.start > len(head) - 8
    return True


def refused(name: str, what: str, way_out: str) -> UserError:
    """The error for a file that is of no kind that is read."""
    return UserError(f"'{name}' is {what}, which is not read; {way_out}")


def _archive(plain: Path) -> tuple[str, str]:
    try:
        with zipfile.ZipFile(plain) as archive:
            names = archive.namelist()
            kind = archive.read("mimetype")[:100] if "mimetype" in names else b""
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError):
        return "a zip archive", f"{UNPACK} and name the folder"
    if any(name.startswith("xl/") for name in names):
        return "an Excel (xlsx) file", "save the sheet as csv"
    if b"spreadsheet" in kind:
        return "an OpenDocument (ods) file", "save the sheet as csv"
    return "a zip archive", f"{UNPACK} and name the folder"
