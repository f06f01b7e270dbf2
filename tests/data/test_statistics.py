"""Table 2 and per-field statistics, by hand."""

import polars as pl
import pytest

from autofis_kedro.data.bucketing import BucketingConfig
from autofis_kedro.data.encode import EncodedRows, Encoder
from autofis_kedro.data.names import LABEL
from autofis_kedro.data.statistics import DatasetStatistics, describe
from autofis_kedro.data.vocabulary_fitting import fit_vocabularies, kinds_of


@pytest.fixture
def statistics() -> DatasetStatistics:
    train = pl.LazyFrame(
        {
            LABEL: [0, 0, 1, 0],
            "site": ["a", "a", "b", None],
            "price": [1.0, 2.0, 3.0, 4.0],
            "tags": [["u", "v"], ["u"], [], ["w", "u"]],
        }
    )
    valid = train.head(3).with_columns(site=pl.Series(["z", "a", "y"]), tags=pl.Series([["x", "u"], ["u"], ["u"]]))
    numeric = {"method": "quantiles", "count": 2}
    config = BucketingConfig(min_count=2, numeric=numeric)
    vocabularies = fit_vocabularies(train, kinds_of(train), config)
    encoder = Encoder(vocabularies, vocabularies.schema("shop"))
    splits = {name: EncodedRows(rows, encoder).collect() for name, rows in {"train": train, "valid": valid}.items()}
    return describe(vocabularies, encoder.schema, splits)


def test_table_2(statistics):
    assert (statistics.instances, statistics.n_fields, statistics.dimension) == (7, 3, 4 + 5 + 4)
    assert statistics.positive_ratio == 2 / 7
    assert statistics.table().rows() == [
        ("shop", "all", 7, 13, 3, 2 / 7),
        ("shop", "train", 4, 13, 3, 1 / 4),
        ("shop", "valid", 3, 13, 3, 1 / 3),
    ]


def test_fields(statistics):
    site, price, tags = statistics.fields
    assert (site.distinct, site.kept, site.ids) == (2, 1, 4)
    assert (site.rare_share, site.missing_share) == (1 / 4, 1 / 4)
    assert site.unseen_share == {"train": 0, "valid": 2 / 3}
    assert (price.distinct, price.kept, price.rare_share) == (4, 2, 0)
    # shares of the six ids that the cells hold: u v | u | missing | w u
    assert (tags.distinct, tags.kept) == (3, 1)
    assert (tags.rare_share, tags.missing_share) == (2 / 6, 1 / 6)
    assert tags.unseen_share == {"train": 0, "valid": 1 / 4}


def test_tables_have_a_row_per_field_and_survive_json(statistics):
    assert statistics.field_table()["name"].to_list() == ["site", "price", "tags"]
    assert DatasetStatistics.model_validate_json(statistics.model_dump_json()) == statistics
