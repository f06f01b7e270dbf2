"""Blanks around the cells of a text file, taken off byte by byte: no parser does it behind quotes, too."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Loop = Callable[[NDArray[np.uint8], int, int, int, NDArray[np.uint8]], tuple[int, int]]


def strip_blanks(block_N: NDArray[np.uint8], *, separator: int, quote: int, place: int) -> tuple[bytes, int]:
    """A block, cut behind a line end, without the blanks around cells; blanks within quotes stay.

    Args:
        block_N: bytes.
        separator: between cells, no blank.
        quote: around cells; -1 for none.
        place: in a cell where the block begins, as in ``byte_scan``; 0 at first.

    Returns:
        The bytes and the place in a cell for the next block.
    """
    return stripped(strip_loop, block_N, separator, quote, place)


def stripped(loop: Loop, block_N: NDArray[np.uint8], separator: int, quote: int, place: int) -> tuple[bytes, int]:
    """By the plain or the compiled loop."""
    out_N = np.empty_like(block_N)
    length, place = loop(block_N, separator, quote, place, out_N)
    return out_N[:length].tobytes(), int(place)


def strip_loop(
    block_N: NDArray[np.uint8], separator: int, quote: int, place: int, out_N: NDArray[np.uint8]
) -> tuple[int, int]:
    """Plain Python that numba compiles as it stands: how many bytes of ``out_N`` are filled, and the place."""
    length, kept = 0, 0  # up to kept no blank is to go
    for byte in block_N:
        if place == 2:  # QUOTED
            if byte == quote:
                place = 3  # QUOTE_IN_QUOTED
        elif (byte == 32 or byte == 9 or byte == 13) and byte != separator:
            if place == 0:  # CELL_START
                continue
            out_N[length] = byte
            length += 1
            continue
        elif byte == separator or byte == 10:
            length, place = kept, 0
        elif byte == quote and (place == 0 or place == 3):
            place = 2
        elif place != 3:
            place = 1
        out_N[length] = byte
        length += 1
        kept = length
    return kept, place
