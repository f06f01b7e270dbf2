"""Damage to bytes and lines of a file, as editors, networks and disks do it."""

from __future__ import annotations

import random
from collections.abc import Callable

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
Random = random.Random
OfBytes = Callable[[bytes, Random], bytes]


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
