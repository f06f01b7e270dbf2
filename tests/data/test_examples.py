"""Examples against a schema."""

import numpy as np
import pytest

from autofis_kedro.data.examples import Examples, IdLists, check_examples
from autofis_kedro.data.schema import Field, Schema
from autofis_kedro.errors import UserError

SCHEMA = Schema(
    dataset="shop",
    fields=(
        Field(name="site", kind="categorical", size=4),
        Field(name="tags", kind="multi_hot", size=5),
        Field(name="price", kind="numeric", size=6),
    ),
)


def good(**changes) -> Examples:
    lists = IdLists(np.array([4, 8, 5], np.int32), np.array([0, 2, 3]))
    parts = {"one_hot": [[0, 9], [3, 14]], "labels": [0, 1], "bags": {1: lists}} | changes
    return Examples.from_arrays(np.array(parts["one_hot"]), np.array(parts["labels"]), parts["bags"])


def test_good_examples_pass():
    check_examples(good(), SCHEMA, "train")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"one_hot": [[0, 9], [3, 15]]}, "train: field 'price': id 15 outside 9..14"),
        ({"one_hot": [[-1, 9], [3, 9]]}, "train: field 'site': id -1 outside 0..3"),
        (
            {"bags": {1: IdLists(np.array([3, 4], np.int32), np.array([0, 1, 2]))}},
            "field 'tags': id 3 outside 4..8",
        ),
        (
            {"bags": {}},
            "2 one-hot and 0 multi-hot fields do not fit schema 'shop' with 2 and 1; run bucketing again",
        ),
        ({"one_hot": [[0], [3]]}, "1 one-hot and 1 multi-hot fields do not fit"),
        ({"labels": [0]}, r"different numbers of rows: \[1, 2\]"),
    ],
)
def test_what_does_not_fit_is_named(changes, message):
    with pytest.raises(UserError, match=message):
        check_examples(good(**changes), SCHEMA, "train")


def test_no_rows_is_an_error():
    empty = Examples.from_arrays(np.empty((0, 2)), np.empty(0), {1: IdLists(np.empty(0, np.int32), np.zeros(1, int))})
    with pytest.raises(UserError, match="valid: no rows"):
        check_examples(empty, SCHEMA, "valid")


def test_examples_of_another_schema_are_rejected():
    other = Examples(good().one_hot, good().labels, good().bags, schema_fingerprint="0" * 16)
    with pytest.raises(UserError, match="another schema"):
        check_examples(other, SCHEMA, "train")
