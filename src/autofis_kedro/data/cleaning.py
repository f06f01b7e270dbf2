"""Text that the parser does not read as it stands, written anew into a temporary file: line ends, separators, blanks.

Most files need none of it, and are read where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofis_kedro.data import blanks
from autofis_kedro.data.formats import Delimited
from autofis_kedro.data.lines import BOM, blocks, compiled
from autofis_kedro.data.unpacking import new_file
from autofis_kedro.errors import UserError

HEAD = 1 << 20
FREE = [bytes([code]) for code in (0x1F, 0x1E, 0x1D, 0x1C, *range(1, 9), 0x0B, 0x0C, *range(0x0E, 0x1B), 0x7F)]
"""Characters that text seldom holds: one of them stands for a longer separator."""


@dataclass(frozen=True)
class CleanText:
    """A text file as the parser reads it.

    Attributes:
        path: of the file itself or of the copy.
        separator: between the cells of the copy, one character of ASCII.
        original: the separator that it stands for, also within quoted cells; None where it is the file's own.
    """

    path: Path
    separator: str
    original: str | None = None


def clean_lines(plain: Path, folder: Path, *, with_mark: bool = True) -> Path:
    """The file, or a copy with line feeds where carriage returns alone end its lines.

    Args:
        plain: the unpacked file.
        folder: for the copy.
        with_mark: whether whoever reads it next takes a byte order mark for what it is.
    """
    with plain.open("rb") as file:
        head = file.read(HEAD)
    has_returns = b"\r" in head and b"\n" not in head
    is_marked = head.startswith(BOM) and not with_mark
    if not (has_returns or is_marked):
        return plain

    def cleaned() -> Iterator[bytes]:
        with plain.open("rb") as file:
            file.seek(len(BOM) if is_marked else 0)
            while block := file.read(HEAD):
                yield block.replace(b"\r", b"\n") if has_returns else block

    return _written(cleaned(), folder)


def clean_text(plain: Path, name: str, form: Delimited, folder: Path) -> CleanText:
    """The file, or a copy with one character for its separator and without blanks around cells, as described.

    Raises:
        UserError: no character is left to stand for the separator.
    """
    path, separator, original = plain, form.separator, None
    if len(separator) > 1 or not separator.isascii():
        free = _free_byte(path, name, form)
        separator, original = free.decode(), form.separator
        path = _written(_replaced(path, form.separator.encode(), free), folder)
    if form.strip:
        path = _written(_stripped(path, separator, form.quote), folder)
    return CleanText(path, separator, original)


def _free_byte(path: Path, name: str, form: Delimited) -> bytes:
    free = [byte for byte in FREE if byte.decode() != form.quote]
    for block, _ in blocks(path):
        held = block.tobytes()
        free = [byte for byte in free if byte not in held]
    if not free:
        raise UserError(
            f"'{name}' holds every control character, so that none can stand for the separator {form.separator!r}; "
            "write it with a separator of one character"
        )
    return free[0]


def _replaced(path: Path, separator: bytes, free: bytes) -> Iterator[bytes]:
    """No separator holds a line end, behind which blocks are cut."""
    for block, _ in blocks(path):
        yield block.tobytes().replace(separator, free)


def _stripped(path: Path, separator: str, quote: str | None) -> Iterator[bytes]:
    strip: Callable[..., Any] = compiled(blanks).strip_blanks
    place = 0
    for block, _ in blocks(path):
        text, place = strip(block, separator=ord(separator), quote=ord(quote) if quote else -1, place=place)
        yield text


def _written(parts: Iterator[bytes], folder: Path) -> Path:
    target = new_file(folder)
    with target.open("wb") as file:
        for part in parts:
            file.write(part)
    return target
