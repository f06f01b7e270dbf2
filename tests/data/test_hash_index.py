"""The text index against a dictionary."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofis_kedro.data import hash_table, hash_table_numba
from autofis_kedro.data.hash_index import HashIndex
from autofis_kedro.errors import UserError

ABSENT = 1
TEXTS = st.lists(st.text(max_size=20), max_size=60, unique=True)


class Colliding(HashIndex):
    """All texts want the last slots of the table."""

    def _hash(self, texts: pl.Series) -> np.ndarray:
        return super()._hash(texts) >> np.uint64(8) | np.uint64(0xFF << 56)


def ids_of(texts: pl.Series, first: int = 2) -> np.ndarray:
    return np.arange(first, first + len(texts), dtype=np.int32)


@pytest.mark.parametrize("index_class", [HashIndex, Colliding])
@pytest.mark.parametrize("loops", [hash_table, hash_table_numba])
@given(known=TEXTS, asked=st.lists(st.text(max_size=2), max_size=60))
def test_finds_what_a_dictionary_finds(index_class, loops, known, asked):
    texts = pl.Series(known, dtype=pl.String)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("autofis_kedro.data.hash_index._loops", lambda: loops)
        index = index_class(texts, ids_of(texts), ABSENT)
    ids = dict(zip(known, ids_of(texts).tolist(), strict=True))
    asked = asked + known[::-1]
    found = index.find(pl.Series(asked, dtype=pl.String))
    assert found.tolist() == [ids.get(text, ABSENT) for text in asked]


def test_every_text_of_a_long_list_is_found():
    texts = pl.Series(range(200_000)).cast(pl.String)
    assert (HashIndex(texts, ids_of(texts), ABSENT).find(texts) == ids_of(texts)).all()


@pytest.mark.parametrize("loops", [hash_table, hash_table_numba])
def test_a_list_that_holds_a_text_twice_is_rejected(monkeypatch, loops):
    monkeypatch.setattr("autofis_kedro.data.hash_index._loops", lambda: loops)
    texts = pl.Series(["a", "b", "a"])
    with pytest.raises(UserError, match="holds a value twice"):
        HashIndex(texts, ids_of(texts), ABSENT)
