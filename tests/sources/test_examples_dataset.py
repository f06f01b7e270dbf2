"""The Kedro dataset of encoded examples."""

import polars as pl
import pytest
from kedro.io import DataCatalog, DatasetError, Version

from autofis_kedro.data.bucketing import BucketingConfig
from autofis_kedro.data.encode import EncodedRows, Encoder
from autofis_kedro.data.names import LABEL
from autofis_kedro.data.vocabulary_fitting import fit_vocabularies, kinds_of
from autofis_kedro.errors import UserError
from autofis_kedro.sources.examples import ExamplesDataset


def encoded(labels: list[int]) -> EncodedRows:
    train = pl.LazyFrame({LABEL: [0, 1], "site": ["a", "b"]})
    vocabularies = fit_vocabularies(train, kinds_of(train), BucketingConfig())
    rows = pl.LazyFrame({LABEL: labels, "site": ["a"] * len(labels)})
    return EncodedRows(rows, Encoder(vocabularies, vocabularies.schema("shop")), "train")


def dataset(folder, version=None) -> ExamplesDataset:
    return ExamplesDataset(filepath=str(folder / "train_examples"), version=version)


def test_what_is_saved_is_loaded(tmp_path):
    saved = dataset(tmp_path)
    assert not saved.exists()
    saved.save(encoded([0, 1, 1]))
    assert saved.exists()
    assert saved.load().labels.tolist() == [0, 1, 1]


def test_versions(tmp_path):
    for name, labels in (("2026-01-01T00.00.00.000Z", [0, 1]), ("2026-01-02T00.00.00.000Z", [1, 0, 1])):
        dataset(tmp_path, Version(None, name)).save(encoded(labels))
    assert dataset(tmp_path, Version(None, None)).load().n_rows == 3
    assert dataset(tmp_path, Version("2026-01-01T00.00.00.000Z", None)).load().n_rows == 2


def test_a_failed_save_leaves_no_version(tmp_path):
    versioned = dataset(tmp_path, Version(None, None))
    with pytest.raises(DatasetError, match="train: the label is 1 in all 2 rows") as caught:
        versioned.save(encoded([1, 1]))
    assert isinstance(caught.value.__cause__, UserError)
    assert not dataset(tmp_path, Version(None, None)).exists()


def test_a_killed_save_leaves_no_version(tmp_path):
    """What a kill leaves: temporary siblings beside the place of the folder."""
    for name in (".train_examples.partial.x", "train_examples.partial"):
        (tmp_path / "train_examples" / "2026-01-01T00.00.00.000Z" / name).mkdir(parents=True)
    assert not dataset(tmp_path, Version(None, None)).exists()


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("autofis_kedro.data.examples_folder.ExamplesWriter.append", full)
    with pytest.raises(DatasetError, match="could not be written: No space left on device"):
        dataset(tmp_path, Version(None, None)).save(encoded([0, 1]))
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_a_damaged_folder_is_named(tmp_path):
    saved = dataset(tmp_path)
    saved.save(encoded([0, 1]))
    (tmp_path / "train_examples" / "labels.npy").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"are damaged: .*; delete the folder and run bucketing again"):
        saved.load()


def test_the_catalog_makes_it(tmp_path):
    entry = {
        "type": "autofis_kedro.sources.examples.ExamplesDataset",
        "filepath": str(tmp_path / "train_examples"),
        "versioned": True,
        "metadata": {"kedro-viz": {"layer": "model_input"}},
    }
    catalog = DataCatalog.from_config({"train_examples": entry})
    catalog["train_examples"].save(encoded([0, 1]))
    assert catalog["train_examples"].load().n_rows == 2
