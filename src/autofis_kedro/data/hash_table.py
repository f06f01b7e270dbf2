"""The loops of ``HashIndex``: an open-addressing table from 64-bit hashes to ids.

Plain Python that numba compiles as it stands. Asking for memory ahead does not help: processors run on to the next
hashes while one waits.

Shapes: N hashes, S slots.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Int32 = NDArray[np.int32]
UInt64 = NDArray[np.uint64]

_HALF = np.uint64(32)
_ZERO, _ONE = np.uint64(0), np.uint64(1)


def insert_loop(hash_N: UInt64, id_N: Int32, hash_S: UInt64, id_S: Int32, absent: int) -> bool:
    """Fill an empty table, in which every id is ``absent``; False if two hashes are equal."""
    n_slots = np.uint64(len(id_S))
    for n in range(len(hash_N)):
        # the first place to look: the upper half of the hash, scaled to the table
        slot = ((hash_N[n] >> _HALF) * n_slots) >> _HALF
        while id_S[slot] != absent:
            if hash_S[slot] == hash_N[n]:
                return False
            slot = slot + _ONE if slot + _ONE < n_slots else _ZERO
        hash_S[slot], id_S[slot] = hash_N[n], id_N[n]
    return True


def find_loop(hash_N: UInt64, hash_S: UInt64, id_S: Int32, absent: int, into_N: Int32) -> None:
    """The id of each hash, ``absent`` where the table does not hold it."""
    n_slots = np.uint64(len(id_S))
    for n in range(len(hash_N)):
        slot = ((hash_N[n] >> _HALF) * n_slots) >> _HALF
        while id_S[slot] != absent and hash_S[slot] != hash_N[n]:
            slot = slot + _ONE if slot + _ONE < n_slots else _ZERO
        into_N[n] = id_S[slot]
