"""One pass over the bytes of a text file that counts the cells of each row.

Cells are told apart as Python's csv module does: a quote counts at the beginning of a cell only, and a doubled quote
within a quoted cell is a character.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CELL_START, PLAIN, QUOTED, QUOTE_IN_QUOTED = 0, 1, 2, 3
LINE_END, CARRIAGE_RETURN = 10, 13
Carried = tuple[int, int, int]
Count = Callable[[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64], int], NDArray[np.int64]]
START: Carried = (CELL_START, 0, 0)
"""Where in a cell a block begins, separators of the row so far, bytes of the row so far."""


@dataclass(frozen=True)
class Scanned:
    """What a block holds.

    Attributes:
        n_rows: rows that end in it, blank lines counted.
        n_blank: blank lines.
        uneven_R: which rows have another number of columns, from 0.
        columns_R: how many those have.
        state: for the next block.
    """

    n_rows: int
    n_blank: int
    uneven_R: NDArray[np.int64]
    columns_R: NDArray[np.int64]
    state: Carried


def scan_unquoted(block_N: NDArray[np.uint8], *, separator: int, n_columns: int) -> Scanned:
    """As ``scan_bytes`` for whole rows without quotes, many times faster."""
    return whole_rows(block_N, separator, n_columns, separators_by_row)


def whole_rows(block_N: NDArray[np.uint8], separator: int, n_columns: int, count: Count) -> Scanned:
    """Count the separators between line ends, which numpy finds, by ``count``."""
    ends_R = np.flatnonzero(block_N == LINE_END)
    if len(block_N) and block_N[-1] != LINE_END:
        ends_R = np.append(ends_R, len(block_N))
    starts_R = np.concatenate([[0], ends_R[:-1] + 1]).astype(np.int64)
    length_R = ends_R - starts_R[: len(ends_R)]
    is_blank_R = length_R == 0
    is_short_R = length_R == 1
    is_blank_R[is_short_R] = block_N[starts_R[: len(ends_R)][is_short_R]] == CARRIAGE_RETURN
    columns_R = count(block_N, starts_R, ends_R, separator) + 1
    uneven_R = np.flatnonzero((columns_R != n_columns) & ~is_blank_R)
    return Scanned(len(ends_R), int(is_blank_R.sum()), uneven_R, columns_R[uneven_R], START)


def scan_bytes(
    block_N: NDArray[np.uint8], *, separator: int, quote: int, n_columns: int, state: Carried, is_last: bool = True
) -> Scanned:
    """Count the cells of each row of a block.

    Args:
        block_N: bytes.
        separator: between cells.
        quote: around cells; -1 for none.
        n_columns: expected.
        state: what the block before left.
        is_last: whether a row without line end ends with the block.
    """
    return as_scanned(quoted_loop(block_N, separator, quote, n_columns - 1, *state, is_last))


def as_scanned(found: tuple[int, int, list[tuple[int, int]], Carried]) -> Scanned:
    """The loop's answer by name."""
    n_rows, n_blank, uneven, state = found
    pairs = np.array(uneven, dtype=np.int64).reshape(-1, 2)
    return Scanned(n_rows, n_blank, pairs[:, 0], pairs[:, 1], state)


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
    is_last: bool,
) -> tuple[int, int, list[tuple[int, int]], Carried]:
    """Likewise, with the four places in a cell that quotes make."""
    n_rows, n_blank = 0, 0
    uneven = [(0, 0) for _ in range(0)]  # numba learns the type from it
    for byte in block_N:
        if place == 2:  # QUOTED
            if byte == quote:
                place = 3  # QUOTE_IN_QUOTED
            length += 1
        elif byte == 10:  # line end
            if length == 0:
                n_blank += 1
            elif separators != n_separators:
                uneven.append((n_rows, separators + 1))
            n_rows += 1
            place, separators, length = 0, 0, 0
        elif byte == separator:
            separators += 1
            length += 1
            place = 0
        elif byte == quote and (place == 0 or place == 3):
            place = 2
            length += 1
        elif byte != 13:  # carriage return
            place = 1
            length += 1
    if is_last and length > 0:
        if separators != n_separators:
            uneven.append((n_rows, separators + 1))
        n_rows += 1
    return n_rows, n_blank, uneven, (place, separators, length)
