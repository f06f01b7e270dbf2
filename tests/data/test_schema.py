"""The schema: one contiguous range of global ids per field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from autofis_kedro.data.schema import N_SPECIAL, Field, Schema
from autofis_kedro.errors import UserError

SIZES = st.lists(st.integers(N_SPECIAL, 1000), min_size=1, max_size=12)


def schema(sizes: list[int], kinds: str = "") -> Schema:
    names = {"c": "categorical", "n": "numeric", "m": "multi_hot"}
    kinds = kinds or "c" * len(sizes)
    fields = [Field(name=f"f{i}", kind=names[k], size=s) for i, (s, k) in enumerate(zip(sizes, kinds, strict=True))]
    return Schema(dataset="test", fields=tuple(fields))


@given(SIZES)
def test_the_fields_ranges_tile_the_id_space(sizes):
    tested = schema(sizes)
    assert tested.offsets[0] == 0
    assert [b - a for a, b in zip(tested.offsets, tested.offsets[1:], strict=False)] == sizes
    assert tested.n_ids == sum(sizes)
    assert tested.n_fields == len(sizes)


@given(st.lists(st.sampled_from("cnm"), min_size=1, max_size=8))
def test_every_position_is_one_hot_or_multi_hot(kinds):
    tested = schema([5] * len(kinds), "".join(kinds))
    assert sorted(tested.one_hot_positions + tested.multi_hot_positions) == list(range(len(kinds)))
    assert [kinds[i] for i in tested.multi_hot_positions] == ["m"] * len(tested.multi_hot_positions)


@given(SIZES, st.data())
def test_the_fingerprint_changes_with_any_size_name_and_order(sizes, data):
    tested = schema(sizes)
    assert schema(sizes).fingerprint == tested.fingerprint
    i = data.draw(st.integers(0, len(sizes) - 1))
    assert schema([s + (j == i) for j, s in enumerate(sizes)]).fingerprint != tested.fingerprint
    renamed = [f.model_copy(update={"name": "new"}) if j == i else f for j, f in enumerate(tested.fields)]
    assert Schema(dataset="test", fields=tuple(renamed)).fingerprint != tested.fingerprint
    if len(sizes) > 1:
        assert Schema(dataset="test", fields=tested.fields[::-1]).fingerprint != tested.fingerprint


def test_pairs_are_in_lexicographic_order():
    assert schema([3, 3, 3]).tuples(2) == ((0, 1), (0, 2), (1, 2))


def test_a_schema_survives_json():
    tested = schema([4, 5], "mn")
    assert Schema.model_validate_json(tested.model_dump_json()) == tested


def test_position_of_an_unknown_field_names_the_known_ones():
    with pytest.raises(UserError, match="field 'x' is not in data set 'test'; it has: f0, f1"):
        schema([3, 3]).position("x")


@pytest.mark.parametrize(
    "fields",
    [
        [("a", N_SPECIAL), ("a", N_SPECIAL)],
        [("a", N_SPECIAL - 1)],
        [("a", 2**30), ("b", 2**30)],
    ],
    ids=["a name twice", "no room for the special ids", "more ids than int32 holds"],
)
def test_impossible_schemas_are_rejected(fields):
    with pytest.raises(ValidationError):
        Schema(dataset="x", fields=tuple(Field(name=n, kind="categorical", size=s) for n, s in fields))


def test_more_triples_than_can_be_searched_are_refused_before_they_are_listed():
    wide = schema([4] * 500)
    assert len(wide.tuples(2)) == 124_750
    with pytest.raises(UserError, match=r"500 fields of data set 'test' have 20,708,500 interactions of order 3"):
        wide.tuples(3)
