"""Position of a text in a list, for millions of texts at a time.

An open-addressing table over 64-bit hashes that is probed for a whole column at once: for long lists several
times faster than a cast to ``polars.Enum`` or a join, and smaller.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from autofis_kedro.errors import UserError

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
UInt64 = NDArray[np.uint64]
ABSENT = -1


class HashIndex:
    """Finds texts in a list of distinct texts.

    Texts of the list never share a hash: a seed under which all differ is looked for. A text outside the list
    is taken for one of it with a probability of (list length) / 2^64.
    """

    def __init__(self, texts: pl.Series) -> None:
        self._n_slots = 8 + len(texts) * 8 // 5  # five eighths full: short walks, and not twice the memory
        for seed in range(10):
            self._seed = seed
            hashes = self._hash(texts)
            self._hashes: UInt64 = np.zeros(self._n_slots, dtype=np.uint64)
            self._positions: Int32 = np.full(self._n_slots, ABSENT, dtype=np.int32)
            if self._insert(hashes):
                return
        raise UserError(f"a vocabulary of {len(texts)} values holds a value twice; run bucketing again")

    def find(self, texts: pl.Series) -> Int32:
        """Position of each text in the list, ABSENT where it is not there. What a null gives is undefined."""
        hashes = self._hash(texts)
        slots = self._slots(hashes)
        found = self._positions.take(slots)
        # Most are settled at once; the rest walk on together until they meet their hash or an empty slot.
        unsettled = np.flatnonzero((self._hashes.take(slots) != hashes) & (found != ABSENT))
        hashes, slots = hashes[unsettled], slots[unsettled]
        while len(unsettled):
            slots = self._next(slots)
            positions = self._positions.take(slots)
            found[unsettled] = positions
            walking = (self._hashes.take(slots) != hashes) & (positions != ABSENT)
            unsettled, hashes, slots = unsettled[walking], hashes[walking], slots[walking]
        return found

    def _hash(self, texts: pl.Series) -> UInt64:
        return texts.hash(self._seed).to_numpy()

    def _slots(self, hashes: UInt64) -> Int64:
        """The first place to look: the upper half of the hash, scaled to the table."""
        return (((hashes >> np.uint64(32)) * np.uint64(self._n_slots)) >> np.uint64(32)).view(np.int64)

    def _next(self, slots: Int64) -> Int64:
        return np.where(slots == self._n_slots - 1, 0, slots + 1)

    def _insert(self, hashes: UInt64) -> bool:
        """Place all hashes; False if two are equal."""
        waiting = np.arange(len(hashes), dtype=np.int32)
        slots = self._slots(hashes)
        while len(waiting):
            free = self._positions[slots] == ABSENT
            self._positions[slots[free]] = waiting[free]  # of several at one slot the last stays
            placed = self._positions[slots] == waiting
            self._hashes[slots[placed]] = hashes[waiting[placed]]
            if (self._hashes[slots[~placed]] == hashes[waiting[~placed]]).any():
                return False
            waiting, slots = waiting[~placed], self._next(slots[~placed])
        return True
