"""The text index against a dictionary."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofis_kedro.data.hash_index import ABSENT, HashIndex
from autofis_kedro.errors import UserError

TEXTS = st.lists(st.text(max_size=20), max_size=60, unique=True)


class Colliding(HashIndex):
    """All texts want the last slots of the table."""

    def _hash(self, texts: pl.Series) -> np.ndarray:
        return super()._hash(texts) >> np.uint64(8) | np.uint64(0xFF << 56)


@pytest.mark.parametrize("index_class", [HashIndex, Colliding])
@given(known=TEXTS, asked=st.lists(st.text(max_size=2), max_size=60))
def test_finds_what_a_dictionary_finds(index_class, known, asked):
    index = index_class(pl.Series(known, dtype=pl.String))
    positions = {text: i for i, text in enumerate(known)}
    asked = asked + known[::-1]
    found = index.find(pl.Series(asked, dtype=pl.String))
    assert found.tolist() == [positions.get(text, ABSENT) for text in asked]


def test_every_text_of_a_long_list_is_found():
    texts = pl.Series(range(200_000)).cast(pl.String)
    assert (HashIndex(texts).find(texts) == np.arange(200_000)).all()


def test_a_list_that_holds_a_text_twice_is_rejected():
    with pytest.raises(UserError, match="holds a value twice"):
        HashIndex(pl.Series(["a", "b", "a"]))
