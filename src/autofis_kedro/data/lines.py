"""Rows of a text file with the wrong number of columns, blank lines, and bytes that no parser reads for sure.

The parser fills short rows up without a word, so the separators of every row are counted first: by a loop over bytes
that numba compiles, because no library tells short rows at the speed of the parse.

Shapes: N bytes of a block, R uneven rows.
"""

from __future__ import annotations

import importlib.util
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofis_kedro.data import byte_scan
from autofis_kedro.data.byte_scan import NO_FAULT, SOUND, START, Fault, Scanned

Bytes = NDArray[np.uint8]
BLOCK = 2 << 20
"""Bytes of a block: within a processor's cache."""
THREADS = 2
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Layout:
    """How the lines of a text file hold cells.

    Attributes:
        separator: between cells, one character of ASCII.
        quote: around cells, or None.
        n_columns: expected.
        n_header_rows: blank lines and header before the first row.
        n_header_lines: lines of the file that these are: a quoted name may hold line ends.
    """

    separator: str
    quote: str | None
    n_columns: int
    n_header_rows: int
    n_header_lines: int


@dataclass(frozen=True)
class IrregularRows:
    """What is irregular in a file; row numbers are the parser's, from 0, blank lines counted; lines count from 1.

    Attributes:
        rows: (row, number of columns, line) of rows that are too short or too long.
        blank: row numbers of blank lines, which are no rows, and no mistake.
        fault: the first byte that no parser reads for sure: what it is, its line, its cell from 1.
    """

    rows: tuple[tuple[int, int, int], ...] = ()
    blank: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    fault: Fault = SOUND


def irregular_rows(path: Path, layout: Layout) -> IrregularRows:
    """Find rows with another number of columns, blank lines and faults; quoted cells may hold separators and lines."""
    rows: list[tuple[int, int, int]] = []
    blank = [np.zeros(0, dtype=np.int64)]
    first_row, first_line, fault = -layout.n_header_rows, 1, SOUND
    for found in _scanned(path, layout):
        numbers = zip(found.uneven_R, found.columns_R, found.line_R, strict=True)
        rows += [(first_row + int(row), int(cells), first_line + int(line)) for row, cells, line in numbers]
        if len(found.blank_B):
            blank.append(first_row + found.blank_B)
        if found.fault[0] != NO_FAULT and fault == SOUND:
            fault = (found.fault[0], first_line + found.fault[1], found.fault[2] + 1)
        first_row += found.n_rows
        first_line += found.n_lines
    all_blank = np.concatenate(blank)
    return IrregularRows(tuple(row for row in rows if row[0] >= 0), all_blank[all_blank >= 0], fault)


def _scanned(path: Path, layout: Layout) -> Iterator[Scanned]:
    """Block by block; side by side where no cell is quoted, for then every line end ends a row."""
    scan, cells = compiled(byte_scan), {"separator": ord(layout.separator), "n_columns": layout.n_columns}
    if layout.quote is None:
        with ThreadPoolExecutor(THREADS) as threads:
            started: deque[Future[Scanned]] = deque()
            for start, stop in _ranges(path):
                started.append(threads.submit(_read_and_scan, path, start, stop, scan, cells))
                if len(started) > THREADS:  # no more blocks in memory
                    yield started.popleft().result()
            yield from (one.result() for one in started)
        return
    state, quote, left = START, ord(layout.quote), path.stat().st_size
    for block, length in blocks(path):
        left -= length
        if state == START and not (block == quote).any():
            found = scan.scan_unquoted(block, **cells)
        else:
            found = scan.scan_bytes(block, quote=quote, state=state, is_last=not left, **cells)
        state = found.state
        yield found


def blocks(path: Path) -> Iterator[tuple[Bytes, int]]:
    """The file cut behind line ends, and how many bytes of it each block is: a byte order mark is left out.

    Read, because the pages of a memory map would count as this process's memory.
    """
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            is_first = file.tell() == len(block)
            whole = block if block.endswith(b"\n") else block + file.readline()
            yield np.frombuffer(whole.removeprefix(BOM) if is_first else whole, dtype=np.uint8), len(whole)


def _ranges(path: Path) -> Iterator[tuple[int, int]]:
    """The same blocks as byte ranges: each thread reads its own."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = len(BOM) if file.read(len(BOM)) == BOM else 0
        while start < size:
            file.seek(min(start + BLOCK, size) - 1)
            file.readline()
            yield start, file.tell()
            start = file.tell()


def _read_and_scan(path: Path, start: int, stop: int, scan: Any, cells: dict[str, int]) -> Scanned:
    with path.open("rb") as file:
        file.seek(start)
        block = np.frombuffer(file.read(stop - start), dtype=np.uint8)
    found: Scanned = scan.scan_unquoted(block, **cells)
    return found


def compiled(plain: ModuleType) -> Any:
    """The compiled loops; without numba the same loops in Python, a hundred times slower."""
    if importlib.util.find_spec("numba") is None:
        return plain
    from autofis_kedro.data import byte_scan_numba

    return byte_scan_numba
