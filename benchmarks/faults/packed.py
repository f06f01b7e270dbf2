"""Compressed files with damage, and files whose name says another thing than their bytes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import zlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from benchmarks.faults.mutations import ANY_BYTES
from benchmarks.faults.outcome import Outcome
from benchmarks.faults.raw import damaged, judged
from benchmarks.faults.samples import samples


def _zstd(data: bytes) -> bytes:
    sink = io.BytesIO()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
        stream.flush()
        return _closed(stream, sink)


def _closed(stream: pa.CompressedOutputStream, sink: io.BytesIO) -> bytes:
    """What is in the sink when the stream has written its end: closing it closes the sink."""
    keep: list[bytes] = []
    sink.close = lambda: keep.append(sink.getvalue())  # type: ignore[method-assign]
    stream.close()
    return keep[0]


def _unzstd(data: bytes) -> bytes:
    with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
        return stream.read()  # type: ignore[no-any-return]


PACKED: dict[str, tuple[bytes, Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    ".gz": (b"\x1f\x8b", gzip.compress, gzip.decompress),
    ".bz2": (b"BZh", bz2.compress, bz2.decompress),
    ".xz": (b"\xfd7zXZ\0", lzma.compress, lzma.decompress),
    ".zst": (b"\x28\xb5\x2f\xfd", _zstd, _unzstd),
}
"""By ending: what the bytes begin with, how they are made and read."""


def packed(number: int, work: Path, room: Path) -> Outcome:
    """A compressed file, flipped, cut, padded, in pieces, or under another name."""
    chance = random.Random(f"packed:{number}")
    is_sound = chance.random() < 0.7
    if is_sound:
        sample = chance.choice(list(samples().values()))
        text, done, is_harmless = sample.text().encode(), [], True
    else:
        sample, text, done, is_harmless = damaged(chance)
    ending = chance.choice(list(PACKED))
    data = _in_pieces(text, ending, chance)
    whole = data
    name = f"log.csv{_named(ending, chance)}"
    if chance.random() < 0.7:
        for change in chance.sample(ANY_BYTES, chance.choice((1, 1, 2))):
            data = change(data, chance)
            done = [*done, change.__name__]
    path = room / name
    path.write_bytes(data)
    is_harmless = is_harmless and data == whole and name.lower().endswith(ending)
    what = f"{name} of {sample.name} as {ending}: {', '.join(done)}"
    return judged(path, _unpacked(data), sample, what, must_work=is_harmless, otherwise=text)


def _in_pieces(text: bytes, ending: str, chance: random.Random) -> bytes:
    """Compressed as one, or as several members one after another."""
    pack = PACKED[ending][1]
    if chance.random() < 0.7:
        return pack(text)
    place = chance.randrange(len(text) + 1)
    return pack(text[:place]) + pack(text[place:])


def _named(ending: str, chance: random.Random) -> str:
    """Mostly the ending that says what it is."""
    return chance.choice((ending, ending, ending, ending.upper(), "", chance.choice(list(PACKED))))


def _unpacked(data: bytes) -> bytes | None:
    """What the bytes hold, whatever the name says; None if they are damaged."""
    for begin, _, unpack in PACKED.values():
        if data.startswith(begin):
            try:
                return unpack(data)
            except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error, MemoryError):
                return None
    return data
