"""Encoding against a reference that looks up one cell at a time."""

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autofis_kedro.data import encode as module
from autofis_kedro.data.bucketing import BucketingConfig
from autofis_kedro.data.encode import EncodedRows, Encoder, encode
from autofis_kedro.data.examples import Examples, check_examples
from autofis_kedro.data.names import LABEL
from autofis_kedro.data.schema import MISSING, UNSEEN
from autofis_kedro.data.vocabulary import Vocabularies
from autofis_kedro.data.vocabulary_fitting import fit_vocabularies
from autofis_kedro.errors import UserError
from autofis_kedro.models import CTRModel, ModelSpec

KINDS = {"city": "categorical", "tags": "multi_hot", "price": "numeric", "site": "categorical"}
TYPES = {
    LABEL: pl.UInt8,
    "city": pl.String,
    "tags": pl.List(pl.String),
    "price": pl.Float64,
    "site": pl.String,
}

TEXT = st.none() | st.sampled_from(["a", "b", "c", "d", "", "ü", "a longer text than twelve bytes"])
ROW = st.tuples(
    st.integers(0, 1),
    TEXT,
    st.none() | st.lists(TEXT, max_size=4),
    st.none() | st.integers(-3, 3).map(float) | st.floats(-100, 100),
    TEXT,
)
ROWS = st.lists(ROW, min_size=2, max_size=40)


def frame(rows: list[tuple]) -> pl.LazyFrame:
    return pl.LazyFrame(rows, schema=TYPES, orient="row")


def fit(train: list[tuple], min_count: int = 1) -> Vocabularies:
    numeric = {"method": "quantiles", "count": 4}
    return fit_vocabularies(frame(train), KINDS, BucketingConfig(min_count=min_count, numeric=numeric))


def fitted(train: list[tuple], min_count: int = 1) -> Vocabularies:
    """As fit, for drawn rows: those with a field that does not vary are not what these tests are about."""
    try:
        vocabularies = fit(train, min_count)
        assume(len(list(vocabularies)) == len(KINDS))
        return vocabularies
    except UserError:
        assume(False)
        raise


def collect(rows: list[tuple], vocabularies: Vocabularies) -> Examples:
    assume(len({row[0] for row in rows}) == 2)
    return EncodedRows(frame(rows), Encoder(vocabularies, vocabularies.schema("d"))).collect()


def expected_id(vocabularies: Vocabularies, name: str, value: object) -> int:
    """The local id of one value, from the table."""
    if value is None:
        return MISSING
    listed = vocabularies[name].listed
    if KINDS[name] == "numeric":
        inside = listed.filter(pl.col("lower").is_null() | (pl.col("lower") <= value))
        return inside["id"][-1]
    ids = listed.filter(pl.col("value") == value)["id"]
    return ids[0] if len(ids) else UNSEEN


@settings(max_examples=50)
@given(train=ROWS, min_count=st.integers(1, 2))
def test_an_id_of_the_train_rows_keeps_its_vector_when_the_untrained_borrow(train, min_count):
    vocabularies = fitted(train, min_count)
    examples, schema = collect(train, vocabularies), vocabularies.schema("d")
    model = CTRModel(ModelSpec(embedding_dim=2), schema)
    before = model.embedding.weight.detach().clone()
    model.lend_to_untrained()
    in_train = np.unique(np.concatenate([examples.one_hot.ravel(), *(bag.values for bag in examples.bags.values())]))
    assert torch.equal(model.embedding.weight[in_train], before[in_train])


@settings(max_examples=50)
@given(train=ROWS, other=ROWS, min_count=st.integers(1, 2))
def test_every_cell_has_the_id_that_the_table_says(train, other, min_count):
    vocabularies = fitted(train, min_count)
    examples = collect(other, vocabularies)
    schema = vocabularies.schema("d")
    check_examples(examples, schema, "other")
    offsets = dict(zip(schema.names, schema.offsets, strict=False))
    for n, row in enumerate(other):
        cells = dict(zip(TYPES, row, strict=True))
        one_hot = [offsets[name] + expected_id(vocabularies, name, cells[name]) for name in ("city", "price", "site")]
        assert examples.one_hot[n].tolist() == one_hot
        assert examples.labels[n] == cells[LABEL]
        values = {value for value in cells["tags"] or [] if value is not None} or {None}
        ids = {offsets["tags"] + expected_id(vocabularies, "tags", value) for value in values}
        bag = examples.bags[1]
        assert bag.values[bag.offsets[n] : bag.offsets[n + 1]].tolist() == sorted(ids)


@settings(max_examples=20)
@given(train=ROWS)
def test_kept_train_values_can_be_read_back(train):
    vocabularies = fitted(train)
    examples = collect(train, vocabularies)
    schema = vocabularies.schema("d")
    for column, name in ((0, "city"), (2, "site")):
        value_of = dict(vocabularies[name].listed.select("id", "value").iter_rows())
        local = examples.one_hot[:, column] - schema.offsets[schema.position(name)]
        assert [value_of.get(i) for i in local] == [dict(zip(TYPES, row, strict=True))[name] for row in train]


def test_values_of_other_rows_alone_are_unseen():
    train = [(0, "a", ["u"], 1.0, "s"), (1, "b", ["v"], 2.0, "t")]
    vocabularies = fit(train)
    other = [(0, "z", ["u", "y", "z"], 99.0, "s"), (1, "a", ["v"], -99.0, "t")]
    examples = EncodedRows(frame(other), Encoder(vocabularies, vocabularies.schema("d"))).collect()
    local = examples.one_hot[0] - np.array(vocabularies.schema("d").offsets)[[0, 2, 3]]
    assert local.tolist() == [UNSEEN, 4, 3]  # numbers out of range belong to the outermost buckets
    assert examples.special["city"] == (0, 1, 0)
    assert examples.special["tags"] == (0, 1, 0)  # two unseen values of a cell are one id
    assert examples.special["price"] == (0, 0, 0)


@settings(max_examples=20)
@given(train=ROWS, chunk_rows=st.integers(1, 50))
def test_the_chunk_size_does_not_change_what_is_stored(tmp_path_factory, train, chunk_rows):
    vocabularies = fitted(train)
    assume(len({row[0] for row in train}) == 2)
    folder = tmp_path_factory.mktemp("examples")
    schema = vocabularies.schema("d")
    encode(frame(train), vocabularies, schema, folder / "whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK_ROWS", chunk_rows)
        encode(frame(train), vocabularies, schema, folder / "parts")
        in_memory = collect(train, vocabularies)
    files = sorted(path.name for path in (folder / "whole").iterdir())
    assert files == sorted(path.name for path in (folder / "parts").iterdir())
    for name in files:
        assert (folder / "whole" / name).read_bytes() == (folder / "parts" / name).read_bytes(), name
    stored = Examples.open(folder / "whole", schema)
    np.testing.assert_array_equal(stored.one_hot, in_memory.one_hot)
    np.testing.assert_array_equal(stored.labels, in_memory.labels)
    np.testing.assert_array_equal(stored.bags[1].values, in_memory.bags[1].values)
    np.testing.assert_array_equal(stored.bags[1].offsets, in_memory.bags[1].offsets)
    assert (stored.special, stored.schema_fingerprint) == (in_memory.special, in_memory.schema_fingerprint)


TRAIN = [(0, "a", ["u"], 1.0, "s"), (1, "b", ["v"], 2.0, "t")]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (frame([]), "valid: no rows; check the split"),
        (frame(TRAIN[:1] * 3), "valid: the label is 0 in all 3 rows; a split needs both 0 and 1"),
        (frame(TRAIN[1:]), "valid: the label is 1 in all 1 rows"),
        (frame(TRAIN).drop("price", LABEL), "valid: no column for: autofis:label, price"),
    ],
)
def test_an_unusable_split_is_named_and_leaves_no_folder(tmp_path, rows, message):
    vocabularies = fit(TRAIN)
    with pytest.raises(UserError, match=message):
        encode(rows, vocabularies, vocabularies.schema("d"), tmp_path / "valid", "valid")
    assert list(tmp_path.iterdir()) == []


def test_vocabularies_of_another_schema_are_rejected():
    vocabularies = fit(TRAIN)
    other = fit([*TRAIN, (1, "c", ["w"], 3.0, "u")])
    with pytest.raises(UserError, match="do not fit schema 'd'; run bucketing again"):
        Encoder(vocabularies, other.schema("d"))


def test_column_order_does_not_matter():
    vocabularies = fit(TRAIN)
    encoder = Encoder(vocabularies, vocabularies.schema("d"))
    turned = frame(TRAIN).select(list(TYPES)[::-1])
    np.testing.assert_array_equal(
        EncodedRows(turned, encoder).collect().one_hot, EncodedRows(frame(TRAIN), encoder).collect().one_hot
    )
