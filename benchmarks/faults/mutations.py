"""Damage to bytes, lines, cells and columns of a file, as editors, exports, networks and disks do it."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable

from benchmarks.faults.samples import Sample

TOKENS = [
    b'"',
    b"'",
    b",",
    b"\t",
    b";",
    b"|",
    b":",
    b"\r",
    b"\n",
    b"\r\n",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xc3",
    b"\\",
    b" ",
]
TOKENS += [
    b"#",
    b"NA",
    b"null",
    b"1e999",
    b"8.0",
    b"-0",
    b"nan",
    b"\x1a",
    b"\xe2\x80\xa8",
    b"\xc2\xa0",
    b'""',
    b'","',
    b"\x0c",
]
CELLS = [
    "",
    " ",
    "NA",
    "nan",
    "inf",
    "-1",
    "1.0",
    "1e5",
    "1_000",
    "1,5",
    "0x10",
    "true",
    "TRUE",
    "'",
    "é",
    "\0",
    "=1+1",
    "8 ",
    " 8",
]
CELLS += [
    "9" * 400,
    "x" * 70_000,
    "2026-02-30 00:00:00",
    "1e400",
    "None",
    "\u202e",
    "[a]",
    "1:2:3",
    "a\tb",
    "1.7976931348623157e308",
]

Random = random.Random
OfBytes = Callable[[bytes, Random], bytes]
OfSample = Callable[[Sample, Random], Sample]


def flip(data: bytes, chance: Random) -> bytes:
    """One bit to eight bits of one byte."""
    if not data:
        return data
    place = chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ chance.randint(1, 255)]) + data[place + 1 :]


def cut(data: bytes, chance: Random) -> bytes:
    """The end is missing."""
    return data[: chance.randrange(len(data) + 1)]


def insert(data: bytes, chance: Random) -> bytes:
    """A token somewhere."""
    place = chance.randrange(len(data) + 1)
    return data[:place] + chance.choice(TOKENS) * chance.choice((1, 1, 1, 2, 50)) + data[place:]


def remove(data: bytes, chance: Random) -> bytes:
    """A piece is missing."""
    place = chance.randrange(len(data) + 1)
    return data[:place] + data[place + chance.choice((1, 1, 2, 10, 300)) :]


def repeat(data: bytes, chance: Random) -> bytes:
    """A piece stands twice."""
    place = chance.randrange(len(data) + 1)
    return data[:place] + data[place : place + chance.choice((1, 5, 100))] + data[place:]


def zeros(data: bytes, chance: Random) -> bytes:
    """A block of NUL bytes, as after a crash of the system."""
    place = chance.randrange(len(data) + 1)
    length = chance.choice((1, 16, 512))
    return data[:place] + b"\0" * length + data[place + length :]


def _line(change: Callable[[list[bytes], int, Random], None]) -> OfBytes:
    def changed(data: bytes, chance: Random) -> bytes:
        lines = data.splitlines(keepends=True)
        if len(lines) > 1:
            change(lines, chance.randrange(1, len(lines)), chance)
        return b"".join(lines)

    changed.__name__ = change.__name__.removeprefix("_")
    return changed


def _doubled_line(lines: list[bytes], place: int, chance: Random) -> None:
    lines.insert(place, lines[place])


def _lost_line(lines: list[bytes], place: int, chance: Random) -> None:
    del lines[place]


def _joined_lines(lines: list[bytes], place: int, chance: Random) -> None:
    lines[place] = lines[place].rstrip(b"\r\n")


def _blank_line(lines: list[bytes], place: int, chance: Random) -> None:
    lines.insert(place, chance.choice((b"\n", b"\n", b" \n", b"\t\n", b"\r\n")))


def _padded_line(lines: list[bytes], place: int, chance: Random) -> None:
    lines[place] = lines[place].rstrip(b"\n") + chance.choice((b" ", b"\t", b",", b";")) + b"\n"


def _header_again(lines: list[bytes], place: int, chance: Random) -> None:
    lines.insert(place, lines[0])


ANY_BYTES: tuple[OfBytes, ...] = (flip, cut, insert, remove, repeat, zeros)
ANY_LINES = tuple(map(_line, (_doubled_line, _lost_line, _joined_lines, _blank_line, _padded_line, _header_again)))


def utf16(data: bytes, chance: Random) -> bytes:
    """As some spreadsheets save text."""
    return data.decode().encode(chance.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig")))


def latin(data: bytes, chance: Random) -> bytes:
    """One byte for an accented letter."""
    return data.decode().replace("c", "ç").encode("latin-1", "replace")


def carriage_returns(data: bytes, chance: Random) -> bytes:
    """Line ends of old computers."""
    return data.replace(b"\n", b"\r")


def windows(data: bytes, chance: Random) -> bytes:
    """Line ends of others."""
    return data.replace(b"\n", b"\r\n")


def no_last_line_end(data: bytes, chance: Random) -> bytes:
    """Nothing behind the last row."""
    return data.rstrip(b"\n")


def marked(data: bytes, chance: Random) -> bytes:
    """A byte order mark before UTF-8."""
    return b"\xef\xbb\xbf" + data


ENCODINGS: tuple[OfBytes, ...] = (utf16, latin, carriage_returns)
HARMLESS: tuple[OfBytes, ...] = (windows, no_last_line_end, marked)
"""What must read as if nothing had happened."""


def odd_cell(sample: Sample, chance: Random) -> Sample:
    """A value that the column may not hold."""
    records = [list(record) for record in sample.records]
    record = chance.choice(records)
    record[chance.randrange(len(record))] = chance.choice(CELLS)
    return sample.with_rows(sample.header, tuple(map(tuple, records)))


def swapped_columns(sample: Sample, chance: Random) -> Sample:
    """Two columns change places; with a header line that is harmless."""
    one, other = chance.sample(range(len(sample.header)), 2)
    order = list(range(len(sample.header)))
    order[one], order[other] = other, one
    return sample.with_rows(*(_ordered(sample, order)))


def lost_column(sample: Sample, chance: Random) -> Sample:
    """A column is not there."""
    gone = chance.randrange(len(sample.header))
    return sample.with_rows(*_ordered(sample, [place for place in range(len(sample.header)) if place != gone]))


def further_column(sample: Sample, chance: Random) -> Sample:
    """A column that nobody described, or the same one again."""
    order = [*range(len(sample.header)), chance.randrange(len(sample.header))]
    header, records = _ordered(sample, order)
    return sample.with_rows((*header[:-1], chance.choice((header[-1], "more", "", " ", '"', "Unnamed: 0"))), records)


def odd_name(sample: Sample, chance: Random) -> Sample:
    """A name in the header is written otherwise."""
    header = list(sample.header)
    place = chance.randrange(len(header))
    name = header[place]
    header[place] = chance.choice(
        (f" {name}", f"{name} ", name.upper(), f'"{name}"', "", f"\ufeff{name}", f"{name}\n", f"#{name}")
    )
    return sample.with_rows(tuple(header), sample.records)


def _ordered(sample: Sample, order: list[int]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    take = lambda row: tuple(row[place] for place in order if place < len(row))  # noqa: E731
    return take(sample.header), tuple(map(take, sample.records))


ANY_CELLS: tuple[OfSample, ...] = (odd_cell, odd_cell, swapped_columns, lost_column, further_column, odd_name)


def quoted(sample: Sample) -> str:
    """The file with every cell quoted."""
    rows = ([sample.header] if sample.has_header else []) + list(sample.records)
    buffer = io.StringIO()
    style = {"delimiter": sample.separator, "quotechar": sample.quote, "lineterminator": "\n"}
    csv.writer(buffer, quoting=csv.QUOTE_ALL, **style).writerows(rows)  # type: ignore[arg-type]
    return buffer.getvalue()
