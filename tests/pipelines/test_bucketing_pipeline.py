"""The bucketing stage as Kedro runs it."""

import polars as pl
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from kedro_datasets.pickle import PickleDataset

from autofis_kedro.data.bucketing import BucketingConfig
from autofis_kedro.data.examples import check_examples
from autofis_kedro.data.names import LABEL
from autofis_kedro.pipelines.bucketing import create_pipeline
from autofis_kedro.sources.examples import ExamplesDataset

SPLITS = ("train", "valid", "test")


@pytest.fixture
def catalog(tmp_path) -> DataCatalog:
    rows = pl.LazyFrame({LABEL: [0, 1, 0], "site": ["a", "b", "a"], "price": [1.0, None, 3.0]})
    datasets = {f"{split}_rows": MemoryDataset(rows, copy_mode="assign") for split in SPLITS}
    datasets |= {f"{split}_examples": ExamplesDataset(filepath=str(tmp_path / split)) for split in SPLITS}
    datasets["params:bucketing"] = MemoryDataset(BucketingConfig(dataset="shop"))
    outputs = ("vocabularies", "schema", "dataset_statistics")
    return DataCatalog(datasets | {name: PickleDataset(filepath=str(tmp_path / name)) for name in outputs})


def test_rows_become_examples(catalog):
    SequentialRunner().run(create_pipeline(), catalog)
    schema = catalog["schema"].load()
    assert (schema.dataset, schema.names) == ("shop", ("site", "price"))
    for split in SPLITS:
        check_examples(catalog[f"{split}_examples"].load(), schema, split)
    assert catalog["dataset_statistics"].load().instances == 9
    assert set(catalog["vocabularies"].load()["field"]) == {"site", "price"}


def test_vocabularies_depend_on_train_rows_alone():
    node = next(node for node in create_pipeline().nodes if node.name == "fit_vocabularies")
    assert set(node.inputs) == {"train_rows", "params:bucketing"}
