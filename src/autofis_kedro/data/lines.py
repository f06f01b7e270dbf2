"""Rows of a text file with the wrong number of columns.

The parser fills short rows up without a word, so the separators of every row are counted first: by a loop over bytes
that numba compiles, because no library tells short rows at the speed of the parse.

Shapes: N bytes of a block, R uneven rows.
"""

from __future__ import annotations

import importlib.util
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofis_kedro.data import byte_scan
from autofis_kedro.data.byte_scan import START, Scanned

Bytes = NDArray[np.uint8]
BLOCK = 2 << 20
"""Bytes of a block: within a processor's cache."""
THREADS = 2


@dataclass(frozen=True)
class Layout:
    """How the lines of a text file hold cells.

    Attributes:
        separator: between cells.
        quote: around cells, or None.
        n_columns: expected.
        n_header_lines: 0 or 1.
    """

    separator: str
    quote: str | None
    n_columns: int
    n_header_lines: int


@dataclass(frozen=True)
class UnevenRows:
    """What is irregular in a file; row numbers are the parser's, from 0, blank lines counted.

    Attributes:
        rows: (row, number of columns) of rows that are too short or too long.
        has_blank_lines: which are no rows, and no mistake.
    """

    rows: tuple[tuple[int, int], ...]
    has_blank_lines: bool


def uneven_rows(path: Path, layout: Layout) -> UnevenRows:
    """Find rows with another number of columns; a quoted cell may hold separators and line ends."""
    rows: list[tuple[int, int]] = []
    first_row, has_blank = -layout.n_header_lines, False
    for found in _scanned(path, layout):
        rows += [(first_row + int(row), int(cells)) for row, cells in zip(found.uneven_R, found.columns_R, strict=True)]
        first_row += found.n_rows
        has_blank |= found.n_blank > 0
    return UnevenRows(tuple((row, columns) for row, columns in rows if row >= 0), has_blank)


def _scanned(path: Path, layout: Layout) -> Iterator[Scanned]:
    """Block by block; side by side where no cell is quoted, for then every line end ends a row."""
    scan, cells = _scan(), {"separator": ord(layout.separator), "n_columns": layout.n_columns}
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
    for block in _blocks(path):
        left -= len(block)
        if state == START and not (block == quote).any():
            found = scan.scan_unquoted(block, **cells)
        else:
            found = scan.scan_bytes(block, quote=quote, state=state, is_last=not left, **cells)
        state = found.state
        yield found


def _blocks(path: Path) -> Iterator[Bytes]:
    """The file cut behind line ends; read, because the pages of a memory map would count as this process's memory."""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield np.frombuffer(block if block.endswith(b"\n") else block + file.readline(), dtype=np.uint8)


def _ranges(path: Path) -> Iterator[tuple[int, int]]:
    """The same blocks as byte ranges: each thread reads its own."""
    size, start = path.stat().st_size, 0
    with path.open("rb") as file:
        while start < size:
            file.seek(min(start + BLOCK, size) - 1)
            file.readline()
            yield start, file.tell()
            start = file.tell()


def _read_and_scan(path: Path, start: int, stop: int, scan: Any, cells: dict[str, int]) -> Scanned:
    block = np.fromfile(path, dtype=np.uint8, count=stop - start, offset=start)
    found: Scanned = scan.scan_unquoted(block, **cells)
    return found


def _scan() -> Any:
    """The compiled loops; without numba the same loops in Python, a hundred times slower."""
    if importlib.util.find_spec("numba") is None:
        return byte_scan
    from autofis_kedro.data import byte_scan_numba

    return byte_scan_numba
