"""``byte_scan`` and ``blanks`` compiled; other threads run meanwhile."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from autofis_kedro.data.blanks import strip_loop, stripped
from autofis_kedro.data.byte_scan import (
    Carried,
    Scanned,
    as_scanned,
    quoted_loop,
    separators_by_row,
    whole_rows,
)

_quoted_loop = njit(nogil=True, cache=True)(quoted_loop)
_separators_by_row = njit(nogil=True, cache=True)(separators_by_row)
_strip_loop = njit(nogil=True, cache=True)(strip_loop)


def scan_unquoted(block_N: NDArray[np.uint8], *, separator: int, n_columns: int) -> Scanned:
    """As ``byte_scan.scan_unquoted``."""
    return whole_rows(block_N, separator, n_columns, _separators_by_row)


def scan_bytes(
    block_N: NDArray[np.uint8], *, separator: int, quote: int, n_columns: int, state: Carried, is_last: bool = True
) -> Scanned:
    """As ``byte_scan.scan_bytes``."""
    return as_scanned(_quoted_loop(np.asarray(block_N), separator, quote, n_columns - 1, *state, is_last))


def strip_blanks(block_N: NDArray[np.uint8], *, separator: int, quote: int, place: int) -> tuple[bytes, int]:
    """As ``blanks.strip_blanks``."""
    return stripped(_strip_loop, np.asarray(block_N), separator, quote, place)
