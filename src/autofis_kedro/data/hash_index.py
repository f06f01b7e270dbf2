"""Ids of the texts of a list, for millions of texts at a time.

An open-addressing table over 64-bit hashes: for long lists several times faster than a cast to ``polars.Enum`` or a
join, and smaller.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import polars as pl

from autofis_kedro.data import hash_table
from autofis_kedro.data.hash_table import Int32, UInt64
from autofis_kedro.errors import UserError


class HashIndex:
    """Finds the ids of texts.

    Texts of the list never share a hash: a seed under which all differ is looked for. A text outside the list
    is taken for one of it with a probability of (list length) / 2^64.
    """

    def __init__(self, texts: pl.Series, ids: Int32, absent: int) -> None:
        """Place the texts.

        Args:
            texts: the list, distinct.
            ids: of each of them.
            absent: the id of any other text; none of ``ids``.

        Raises:
            UserError: a text is there twice.
        """
        self._absent, self._loops = absent, _loops()
        n_slots = 8 + len(texts) * 8 // 5  # five eighths full: short walks, and not twice the memory
        for seed in range(10):
            self._seed = seed
            self._hashes: UInt64 = np.zeros(n_slots, dtype=np.uint64)
            self._ids: Int32 = np.full(n_slots, absent, dtype=np.int32)
            if self._loops.insert_loop(self._hash(texts), ids, self._hashes, self._ids, absent):
                return
        raise UserError(f"a vocabulary of {len(texts)} values holds a value twice; run bucketing again")

    def find(self, texts: pl.Series) -> Int32:
        """The id of each text. What a null gives is undefined."""
        found: Int32 = np.empty(len(texts), dtype=np.int32)
        self._loops.find_loop(self._hash(texts), self._hashes, self._ids, self._absent, found)
        return found

    def _hash(self, texts: pl.Series) -> UInt64:
        return texts.hash(self._seed).to_numpy()


def _loops() -> Any:
    """The compiled loops; without numba the same loops in Python, a hundred times slower."""
    if importlib.util.find_spec("numba") is None:
        return hash_table
    from autofis_kedro.data import hash_table_numba

    return hash_table_numba
