"""A field with one value in the train rows: left out, and asked of nobody who brings new rows."""

import polars as pl
import pytest

from autofis_kedro.data.bucketing import BucketingConfig
from autofis_kedro.data.description import DataDescription
from autofis_kedro.data.encode import Encoder
from autofis_kedro.data.reading import RawRows
from autofis_kedro.data.rows import TypedRows
from autofis_kedro.data.splitting import SplitConfig, split_rows
from autofis_kedro.data.vocabulary import Vocabularies
from autofis_kedro.pipelines.bucketing.nodes import describe_fields, fit

FIELDS = [{"name": "site"}, {"name": "user"}, {"name": "country"}]


@pytest.mark.parametrize("has_column", [True, False])
def test_new_rows_are_encoded_with_and_without_the_column(tmp_path, has_column):
    n = 40
    log = pl.DataFrame(
        {
            "label": [row % 2 for row in range(n)],
            "site": [row % 3 for row in range(n)],
            "user": [row % 5 for row in range(n)],
            "country": ["DE"] * n,
        }
    )
    log.write_csv(tmp_path / "log.csv")
    description = DataDescription(fields=FIELDS)
    RawRows(str(tmp_path / "log.csv"), description).write(tmp_path / "typed.parquet")
    typed = TypedRows(tmp_path / "typed.parquet").scan()
    train = split_rows(typed, SplitConfig())[0].select(typed, "train")
    table = fit(train, BucketingConfig())
    schema = describe_fields(table, train, BucketingConfig())
    assert (schema.names, schema.left_out) == (("site", "user"), ("country",))

    new = log.drop("label").with_columns(country=pl.lit("FR"))
    (new if has_column else new.drop("country")).write_csv(tmp_path / "new.csv")
    served = description.keeping(schema.names).without_label()
    RawRows(str(tmp_path / "new.csv"), served).write(tmp_path / "new.parquet")
    rows = TypedRows(tmp_path / "new.parquet").scan().collect()
    assert Encoder(Vocabularies(table), schema).encode(rows).one_hot.shape == (n, 2)


def test_a_description_keeps_a_timestamp_while_one_of_its_parts_is_a_field():
    two = [
        {"name": name, "kind": "timestamp", "parts": parts} for name, parts in (("s", ["hour", "day"]), ("b", ["hour"]))
    ]
    description = DataDescription(fields=[*two, {"name": "site"}])
    for names, columns in (
        (["day", "site"], {"label", "s", "site"}),
        (["s.hour", "b.hour"], {"label", "s", "b"}),
        (["b.hour", "site"], {"label", "s", "b", "site"}),  # without s it would be called hour
    ):
        kept = description.keeping(names)
        assert {*kept.columns} == columns
        assert {*names} <= {*kept.kinds}


@pytest.mark.parametrize(
    "name", ["../../../x", "/tmp/x", "", "a/b", "a\\b", "a*b", "{x}", "..", ".a", "a b", "a\n", "x" * 101]
)
def test_the_name_of_a_data_set_leads_nowhere_else(name):
    with pytest.raises(ValueError, match="name is that of its folders"):
        BucketingConfig(dataset=name)


def test_names_of_data_sets():
    for name in ("own", "criteo_2014", "log-7.1", "données"):
        assert BucketingConfig(dataset=name).dataset == name


def test_a_description_survives_the_bundle_and_an_earlier_releases_is_read():
    fields = [
        {"name": "price", "kind": "numeric", "decimal": ",", "thousands": "."},
        {"name": "tags", "kind": "multi_hot", "weights": "ignore"},
        {"name": "time", "kind": "timestamp", "format": "%ms", "parts": ["hour"]},
    ]
    for label in ({}, {"positive": ">= 4"}, {"positive": ["a"], "negative": ["b"]}):
        description = DataDescription(label=label, fields=fields)
        assert DataDescription.model_validate_json(description.model_dump_json()) == description
    earlier = """{"format": {"kind": "delimited", "separator": ",", "columns": null, "quote": "\\""}, "files": "*",
        "split_files": null, "label": {"column": "y", "positive": ["1", "1.0", "true", "True"],
        "negative": ["0", "0.0", "false", "False"]}, "fields": [
        {"name": "a", "kind": "categorical", "separator": "|", "format": null, "parts": []},
        {"name": "t", "kind": "timestamp", "separator": "|", "format": "%y%m%d%H", "parts": ["hour", "weekday"]}],
        "drop": ["id"], "optional": [], "missing": [], "on_bad_row": "error"}"""
    assert list(DataDescription.model_validate_json(earlier).kinds) == ["a", "hour", "weekday"]
