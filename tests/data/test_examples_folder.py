"""The folder of encoded examples: whole or not there, and damage is recognised."""

import json
import mmap
import os

import numpy as np
import pytest

from autofis_kedro.data.examples import Examples, IdLists
from autofis_kedro.data.examples_folder import META, ExamplesWriter
from autofis_kedro.data.schema import Field, Schema
from autofis_kedro.errors import UserError
from autofis_kedro.integrity import seal_of

SCHEMA = Schema(
    dataset="shop",
    fields=(Field(name="site", kind="categorical", size=4), Field(name="tags", kind="multi_hot", size=5)),
)
FILES = ["one_hot.npy", "labels.npy", "bag_1_values.npy", "bag_1_offsets.npy"]


def chunk(n_rows: int = 3) -> Examples:
    rows = np.arange(n_rows)
    lists = IdLists((4 + rows % 5).astype(np.int32), np.arange(n_rows + 1))
    return Examples.from_arrays((rows % 4)[:, None], rows % 2, {1: lists})


@pytest.fixture
def folder(tmp_path):
    with ExamplesWriter(tmp_path / "train", SCHEMA) as writer:
        writer.append(chunk())
        writer.append(chunk(5))
    return tmp_path / "train"


def test_chunks_are_joined(folder):
    examples = Examples.open(folder, SCHEMA)
    assert examples.one_hot[:, 0].tolist() == [0, 1, 2, 0, 1, 2, 3, 0]
    assert examples.labels.tolist() == [0, 1, 0, 0, 1, 0, 1, 0]
    assert examples.bags[1].values.tolist() == [4, 5, 6, 4, 5, 6, 7, 8]
    assert examples.bags[1].offsets.tolist() == list(range(9))
    meta = json.loads((folder / META).read_text())
    assert (meta["n_rows"], meta["positives"], meta["n_values"]) == (8, 3, {"1": 8})
    assert meta["special"] == {}  # nobody counted them


def test_any_tool_reads_the_arrays(folder):
    assert np.load(folder / "one_hot.npy").shape == (8, 1)


def test_arrays_are_mapped_and_read_only(folder):
    examples = Examples.open(folder)
    for array in (examples.one_hot, examples.labels, examples.bags[1].values, examples.bags[1].offsets):
        base = array
        while isinstance(base, np.ndarray):
            base = base.base
        assert isinstance(base, mmap.mmap)
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_a_folder_is_replaced_as_a_whole(folder):
    with ExamplesWriter(folder, SCHEMA) as writer:
        writer.append(chunk(2))
        assert Examples.open(folder).n_rows == 8  # the old one stays until the new one is ready
    assert Examples.open(folder).n_rows == 2
    assert list(folder.parent.iterdir()) == [folder]


def test_an_error_while_writing_leaves_nothing(tmp_path):
    def full_disk():
        yield chunk()
        raise OSError(28, "No space left on device")

    def write():
        with ExamplesWriter(tmp_path / "train", SCHEMA) as writer:
            for part in full_disk():
                writer.append(part)

    with pytest.raises(OSError, match="No space left"):
        write()
    assert list(tmp_path.iterdir()) == []


def test_fields_of_one_kind_alone(tmp_path):
    schema = Schema(dataset="tags", fields=SCHEMA.fields[1:])
    lists = IdLists(np.array([0, 1, 2], np.int32), np.array([0, 2, 3]))
    with ExamplesWriter(tmp_path / "train", schema) as writer:
        writer.append(Examples.from_arrays(np.empty((2, 0)), np.array([0, 1]), {0: lists}))
    examples = Examples.open(tmp_path / "train", schema)
    assert examples.one_hot.shape == (2, 0)
    assert examples.bags[0].values.tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["truncated", "empty", "absent", "another type"])
def test_a_damaged_file_is_recognised(folder, name, damage):
    path = folder / name
    content = path.read_bytes()
    if damage == "absent":
        path.unlink()
    elif damage == "another type":
        np.save(path, np.zeros(8, np.float16))
    else:
        path.write_bytes(content[:-1] if damage == "truncated" else b"")
    with pytest.raises(UserError, match=r"are damaged: .*; delete the folder and run bucketing again"):
        Examples.open(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda meta: "{", "are damaged"),
        (lambda meta: b"\xff\xfe", "are damaged"),
        (lambda meta: "[]", "is not of format 1"),
        (lambda meta: json.dumps(meta | {"format": 2}), "is not of format 1; run bucketing again"),
        (lambda meta: json.dumps(meta | {"n_rows": 9}), "are damaged"),
        (lambda meta: json.dumps(meta | {"n_rows": "many"}), r"are damaged: meta.json has 1 wrong entries"),
    ],
)
def test_a_wrong_meta_file_is_recognised(folder, change, message):
    content = change(json.loads((folder / META).read_text()))
    (folder / META).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError, match=message):
        Examples.open(folder)


def without_checksums(folder):
    """As an earlier release wrote it."""
    meta = json.loads((folder / META).read_text()) | {"checksums": {}}
    (folder / META).write_text(json.dumps(meta))
    seal_of(folder / META).unlink()


def test_a_folder_of_an_earlier_release_is_read(folder):
    without_checksums(folder)
    assert Examples.open(folder, SCHEMA).n_rows == 8


@pytest.mark.parametrize("name", [*FILES, META])
@pytest.mark.parametrize("place", [0.0, 0.3, 0.6, 1.0])
def test_a_flipped_byte_is_recognised(folder, name, place):
    Examples.open(folder)  # what was found right once is looked at again when it changes
    content = bytearray((folder / name).read_bytes())
    start = content.index(b"\n") + 1 if name != META else 0  # the header's blanks mean nothing
    content[start + round(place * (len(content) - 1 - start))] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(UserError, match=r"train are damaged|is not of format"):
        Examples.open(folder)


@pytest.mark.parametrize("labels", [np.full(8, 2, np.uint8), np.full(8, 255, np.uint8)])
def test_labels_other_than_0_and_1_are_refused(folder, labels):
    without_checksums(folder)
    np.save(folder / "labels.npy", labels)
    with pytest.raises(UserError, match=r"labels\.npy holds (2|255), not 0 and 1 alone"):
        Examples.open(folder)


@pytest.mark.parametrize("labels", [[0, 1, 2], [0, -1, 1], [0.0, 1.0, float("nan")], [0, 0.5, 1]])
def test_labels_in_memory_are_0_and_1_as_well(labels):
    with pytest.raises(UserError, match=r"label .* in row \d: 0 or 1 are allowed"):
        Examples.from_arrays(np.zeros((3, 1), int), np.array(labels))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_what_is_no_file_is_not_waited_for(folder):
    (folder / "labels.npy").unlink()
    os.mkfifo(folder / "labels.npy")
    with pytest.raises(UserError, match=r"labels\.npy is no file"):
        Examples.open(folder)


def test_a_zip_in_the_place_of_an_array_is_recognised(folder):
    with (folder / "labels.npy").open("wb") as file:
        np.savez(file, np.zeros(8))
    with pytest.raises(UserError, match="are damaged"):
        Examples.open(folder)


def test_offsets_that_do_not_fit_the_values_are_recognised(folder):
    without_checksums(folder)
    np.save(folder / "bag_1_offsets.npy", np.arange(1, 10))
    with pytest.raises(UserError, match="runs from 1 to 9, not 0 to 8"):
        Examples.open(folder)


def test_nothing_is_unpickled(folder):
    np.save(folder / "labels.npy", np.array([print] * 8, dtype=object), allow_pickle=True)
    with pytest.raises(UserError, match=r"are damaged"):
        Examples.open(folder)


def test_a_folder_of_another_schema_is_rejected(folder):
    other = Schema(dataset="shop", fields=(SCHEMA.fields[0].model_copy(update={"size": 5}), SCHEMA.fields[1]))
    with pytest.raises(UserError, match=r"another schema .*; run bucketing again"):
        Examples.open(folder, other)


def test_no_folder(tmp_path):
    with pytest.raises(UserError, match="no such folder; run bucketing first"):
        Examples.open(tmp_path / "nothing")
