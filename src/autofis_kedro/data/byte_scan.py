"""One pass over the bytes of a text file that counts the cells of each row.

Cells are told apart as Python's csv module does: a quote begins a quoted cell at the beginning of a cell only, and a
doubled quote within it is a character. A quote anywhere else is a fault here, because parsers differ over it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CELL_START, PLAIN, QUOTED, QUOTE_IN_QUOTED = 0, 1, 2, 3
LINE_END, CARRIAGE_RETURN = 10, 13
NO_FAULT, STRAY_QUOTE, AFTER_QUOTE, OPEN_QUOTE, LONE_RETURN, NUL = 0, 1, 2, 3, 4, 5
Carried = tuple[int, int, int, int]
Fault = tuple[int, int, int]
Count = Callable[[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64], int], NDArray[np.int64]]
START: Carried = (CELL_START, 0, 0, 0)
"""Where in a cell a block begins; of the row so far: separators, bytes, line ends (within quotes)."""
SOUND: Fault = (NO_FAULT, 0, 0)


@dataclass(frozen=True)
class Scanned:
    """What a block holds; rows and lines are numbered from 0 at its beginning.

    Attributes:
        n_rows: rows that end in it, blank lines counted.
        n_lines: line ends in it, those within quotes counted.
        blank_B: which rows are blank lines.
        uneven_R: which rows have another number of columns.
        columns_R: how many those have.
        line_R: the lines on which those begin; negative where that was in an earlier block.
        fault: the first thing that no parser reads for sure: what it is, its line, its cell in the row.
        state: for the next block.
    """

    n_rows: int
    n_lines: int
    blank_B: NDArray[np.int64]
    uneven_R: NDArray[np.int64]
    columns_R: NDArray[np.int64]
    line_R: NDArray[np.int64]
    fault: Fault
    state: Carried


def scan_unquoted(block_N: NDArray[np.uint8], *, separator: int, n_columns: int) -> Scanned:
    """As ``scan_bytes`` for whole rows without quotes, many times faster."""
    return whole_rows(block_N, separator, n_columns, separators_by_row)


def whole_rows(block_N: NDArray[np.uint8], separator: int, n_columns: int, count: Count) -> Scanned:
    """Count the separators between line ends, which numpy finds, by ``count``."""
    ends_R = np.flatnonzero(block_N == LINE_END)
    n_lines = len(ends_R)
    if len(block_N) and block_N[-1] != LINE_END:
        ends_R = np.append(ends_R, len(block_N))
    starts_R = np.concatenate([[0], ends_R[:-1] + 1]).astype(np.int64)[: len(ends_R)]
    length_R = ends_R - starts_R
    is_blank_R = length_R == 0
    is_short_R = length_R == 1
    is_blank_R[is_short_R] = block_N[starts_R[is_short_R]] == CARRIAGE_RETURN
    columns_R = count(block_N, starts_R, ends_R, separator) + 1
    uneven_R = np.flatnonzero((columns_R != n_columns) & ~is_blank_R)
    fault = first_fault(block_N, separator)
    return Scanned(
        len(ends_R), n_lines, np.flatnonzero(is_blank_R), uneven_R, columns_R[uneven_R], uneven_R, fault, START
    )


def first_fault(block_N: NDArray[np.uint8], separator: int) -> Fault:
    """The first NUL, or carriage return without a line end behind it; at the very end it is one."""
    # A search in bytes is many times faster than a comparison of all of them, and needs no memory.
    held = block_N.base if isinstance(block_N.base, bytes) and len(block_N.base) == len(block_N) else block_N.tobytes()
    has_nul, has_returns = b"\0" in held, b"\r" in held
    if not (has_nul or has_returns):
        return SOUND
    is_fault_N = block_N == 0
    if has_returns:
        is_fault_N[:-1] |= (block_N[:-1] == CARRIAGE_RETURN) & (block_N[1:] != LINE_END)
    if not is_fault_N.any():
        return SOUND
    place = int(is_fault_N.argmax())
    ends = np.flatnonzero(block_N[:place] == LINE_END)
    start = int(ends[-1]) + 1 if len(ends) else 0
    kind = LONE_RETURN if block_N[place] == CARRIAGE_RETURN else NUL
    return kind, len(ends), int((block_N[start:place] == separator).sum())


def scan_bytes(
    block_N: NDArray[np.uint8], *, separator: int, quote: int, n_columns: int, state: Carried, is_last: bool = True
) -> Scanned:
    """Count the cells of each row of a block.

    Args:
        block_N: bytes, cut behind a line end.
        separator: between cells.
        quote: around cells; -1 for none.
        n_columns: expected.
        state: what the block before left.
        is_last: whether a row without line end ends with the block.
    """
    return as_scanned(quoted_loop(block_N, separator, quote, n_columns - 1, *state, is_last))


def as_scanned(
    found: tuple[int, int, list[int], list[tuple[int, int, int]], tuple[int, int, int], Carried],
) -> Scanned:
    """The loop's answer by name."""
    n_rows, n_lines, blank, uneven, fault, state = found
    row_R, columns_R, line_R = np.array(uneven, dtype=np.int64).reshape(-1, 3).T
    return Scanned(n_rows, n_lines, np.array(blank, dtype=np.int64), row_R, columns_R, line_R, fault, state)


def separators_by_row(
    block_N: NDArray[np.uint8], starts_R: NDArray[np.int64], ends_R: NDArray[np.int64], separator: int
) -> NDArray[np.int64]:
    """Plain Python that numba compiles as it stands: a loop without branches, of which processors do many at a time."""
    found_R = np.zeros(len(ends_R), dtype=np.int64)
    for row in range(len(ends_R)):
        line = block_N[starts_R[row] : ends_R[row]]  # indices from 0 need no check for negative ones
        count = 0
        for place in range(len(line)):
            count += line[place] == separator
        found_R[row] = count
    return found_R


def quoted_loop(
    block_N: NDArray[np.uint8],
    separator: int,
    quote: int,
    n_separators: int,
    place: int,
    separators: int,
    length: int,
    lines_of_row: int,
    is_last: bool,
) -> tuple[int, int, list[int], list[tuple[int, int, int]], tuple[int, int, int], Carried]:
    """Likewise, with the four places in a cell that quotes make."""
    n_rows, line, after_return = 0, 0, False
    blank = [0 for _ in range(0)]  # numba learns the types from them
    uneven = [(0, 0, 0) for _ in range(0)]
    fault = (0, 0, 0)
    for byte in block_N:
        if place != 2 and after_return and byte != 10 and fault[0] == 0:
            fault = (4, line, separators)  # LONE_RETURN
        if byte == 0 and fault[0] == 0:
            fault = (5, line, separators)  # NUL
        if place == 2:  # QUOTED
            if byte == quote:
                place = 3  # QUOTE_IN_QUOTED
            elif byte == 10:
                line += 1
                lines_of_row += 1
            length += 1
            continue
        after_return = byte == 13
        if byte == 10:  # line end
            if length == 0:
                blank.append(n_rows)
            elif separators != n_separators:
                uneven.append((n_rows, separators + 1, line - lines_of_row))
            n_rows += 1
            line += 1
            place, separators, length, lines_of_row = 0, 0, 0, 0
        elif byte == separator:
            separators += 1
            length += 1
            place = 0
        elif byte == quote:
            if place == 1 and fault[0] == 0:
                fault = (1, line, separators)  # STRAY_QUOTE
            place = 1 if place == 1 else 2
            length += 1
        elif byte != 13:  # carriage return
            if place == 3 and fault[0] == 0:
                fault = (2, line, separators)  # AFTER_QUOTE
            place = 1
            length += 1
    if is_last and place == 2 and fault[0] == 0:
        fault = (3, line - lines_of_row, separators)  # OPEN_QUOTE
    if is_last and length > 0:
        if separators != n_separators:
            uneven.append((n_rows, separators + 1, line - lines_of_row))
        n_rows += 1
    return n_rows, line, blank, uneven, fault, (place, separators, length, lines_of_row)
