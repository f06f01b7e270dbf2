"""Position of a text in a list, for millions of texts at a time.

An open-addressing table over 64-bit hashes that is probed for a whole column at once: for long lists about
eight times faster than a cast to ``polars.Enum`` and three times faster than a join.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from autofis_kedro.errors import UserError

Int32 = NDArray[np.int32]
UInt64 = NDArray[np.uint64]
ABSENT = -1


class HashIndex:
    """Finds texts in a list of distinct texts.

    Texts of the list never share a hash: a seed under which all differ is looked for. A text outside the list
    is taken for one of it with a probability of (list length) / 2^64.
    """

    def __init__(self, texts: pl.Series) -> None:
        n_slots = 1 << max(3, int(np.ceil(np.log2(max(2 * len(texts), 1)))))
        self._mask = np.uint64(n_slots - 1)
        for seed in range(10):
            self._seed = seed
            hashes = self._hash(texts)
            self._hashes: UInt64 = np.zeros(n_slots, dtype=np.uint64)
            self._positions: Int32 = np.full(n_slots, ABSENT, dtype=np.int32)
            if self._insert(hashes):
                return
        raise UserError(f"a vocabulary of {len(texts)} values holds a value twice; run bucketing again")

    def find(self, texts: pl.Series) -> Int32:
        """Position of each text in the list, ABSENT where it is not there. What a null gives is undefined."""
        hashes = self._hash(texts)
        slots = (hashes & self._mask).astype(np.int64)
        found = self._positions.take(slots)
        # Most are settled at once; the rest walk on together until they meet their hash or an empty slot.
        unsettled = np.flatnonzero((self._hashes.take(slots) != hashes) & (found != ABSENT))
        hashes, slots = hashes[unsettled], slots[unsettled]
        while len(unsettled):
            slots = (slots + 1) & np.int64(self._mask)
            positions = self._positions.take(slots)
            found[unsettled] = positions
            walking = (self._hashes.take(slots) != hashes) & (positions != ABSENT)
            unsettled, hashes, slots = unsettled[walking], hashes[walking], slots[walking]
        return found

    def _hash(self, texts: pl.Series) -> UInt64:
        return texts.hash(self._seed).to_numpy()

    def _insert(self, hashes: UInt64) -> bool:
        """Place all hashes; False if two are equal."""
        waiting = np.arange(len(hashes), dtype=np.int32)
        slots = (hashes & self._mask).astype(np.int64)
        while len(waiting):
            free = self._positions[slots] == ABSENT
            self._positions[slots[free]] = waiting[free]  # of several at one slot the last stays
            placed = self._positions[slots] == waiting
            self._hashes[slots[placed]] = hashes[waiting[placed]]
            if (self._hashes[slots[~placed]] == hashes[waiting[~placed]]).any():
                return False
            waiting, slots = waiting[~placed], (slots[~placed] + 1) & np.int64(self._mask)
        return True
