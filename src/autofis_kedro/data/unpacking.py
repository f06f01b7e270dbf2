"""Raw files as plain local ones: fetched where they are remote, unpacked where their first bytes say compressed.

The names tell nothing: ``log.csv`` may be gzip and ``log.gz`` plain text.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import fsspec
import pyarrow

from autofis_kedro.errors import UserError

BLOCK = 4 << 20
DEPTH = 3
"""A compressed file may have been compressed again, seldom a third time."""

Stream = Callable[[BinaryIO], Iterator[bytes]]


def plain_file(name: str, folder: Path) -> Path:
    """The file uncompressed and local: itself, or a copy under a name of its own in ``folder``; in bounded memory.

    Raises:
        UserError: a URL that cannot be read, or damaged compressed data.
    """
    path = Path(name)
    if "://" in name and not path.exists():
        path = _fetched(name, folder)
    for depth in range(DEPTH + 1):
        codec = codec_of(path)
        if codec is None:
            return path
        if depth == DEPTH:
            break
        packed, path = path, new_file(folder)
        _unpack(packed, codec, path, name)
        if packed.parent == folder:
            packed.unlink()
    raise UserError(f"'{name}' is compressed more than {DEPTH} times; unpack it")


def codec_of(path: Path) -> str | None:
    """gzip, bz2, xz or zstd by the first bytes; None for anything else.

    Raises:
        UserError: the file cannot be opened.
    """
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise UserError(f"'{path}' cannot be read: {error.strerror or error}") from error
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    # BZh1 to BZh9, then pi for a block or its square root for the end
    if head[:3] == b"BZh" and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        return "bz2"
    if head.startswith(b"\xfd7zXZ\0"):
        return "xz"
    is_skippable = head[1:4] == b"\x2a\x4d\x18" and head[:1] in [bytes([0x50 + i]) for i in range(16)]
    return "zstd" if head.startswith(b"\x28\xb5\x2f\xfd") or is_skippable else None


def _fetched(url: str, folder: Path) -> Path:
    target = new_file(folder)
    try:
        with fsspec.open(url, "rb") as source, target.open("wb") as file:
            shutil.copyfileobj(source, file, BLOCK)
    except Exception as error:  # every file system has errors of its own
        raise UserError(f"'{url}' cannot be read: {type(error).__name__}: {error}") from error
    return target


def _unpack(packed: Path, codec: str, target: Path, name: str) -> None:
    with damage_named(name, codec), packed.open("rb") as source, target.open("wb") as file:
        for block in STREAMS[codec](source):
            file.write(block)


@contextmanager
def damage_named(name: str, codec: str) -> Iterator[None]:
    """What the decompressors find, as one message."""
    try:
        yield
    except (OSError, EOFError, zlib.error, lzma.LZMAError, pyarrow.ArrowException) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            reason = os.strerror(errno.ENOSPC)
            raise UserError(f"no space left on the disk while unpacking '{name}' ({reason})") from error
        raise UserError(
            f"'{name}' is damaged: its {codec} data cannot be unpacked ({error}); fetch or write the file again"
        ) from error


def _gzip(source: BinaryIO) -> Iterator[bytes]:
    """Any number of members; each has a checksum."""
    with gzip.GzipFile(fileobj=source) as file:
        while block := file.read(BLOCK):
            yield block


def _zstd(source: BinaryIO) -> Iterator[bytes]:
    """Any number of frames; the zstd command gives each a checksum, other writers may not."""
    with pyarrow.CompressedInputStream(pyarrow.PythonFile(source, "r"), "zstd") as file:
        while block := file.read(BLOCK):
            yield block


def _streams(new: Callable[[], bz2.BZ2Decompressor | lzma.LZMADecompressor]) -> Stream:
    """Stream after stream to the last byte: the library's own files end silently at the first one that is damaged."""

    def blocks(source: BinaryIO) -> Iterator[bytes]:
        stream, given = new(), b""
        while given := given or source.read(BLOCK):
            if stream.eof:
                given = given.lstrip(b"\0")  # padding
                stream = new() if given else stream
                if not given:
                    continue
            yield stream.decompress(given, BLOCK)
            while not (stream.eof or stream.needs_input):
                yield stream.decompress(b"", BLOCK)
            given = stream.unused_data if stream.eof else b""
        if not stream.eof:
            raise EOFError("the file ends before its data does: it is cut")

    return blocks


STREAMS: dict[str, Stream] = {
    "gzip": _gzip,
    "bz2": _streams(bz2.BZ2Decompressor),
    "xz": _streams(lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ)),
    "zstd": _zstd,
}


def new_file(folder: Path) -> Path:
    """A new empty file that no other one replaces: files in two folders may have the same name."""
    folder.mkdir(parents=True, exist_ok=True)
    handle, path = tempfile.mkstemp(dir=folder)
    os.close(handle)
    return Path(path)
