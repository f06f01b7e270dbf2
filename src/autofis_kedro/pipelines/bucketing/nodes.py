"""Nodes of the bucketing stage."""

from __future__ import annotations

import polars as pl

from autofis_kedro.data.bucketing import BucketingConfig
from autofis_kedro.data.encode import EncodedRows, Encoder
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.data.statistics import DatasetStatistics, describe
from autofis_kedro.data.vocabulary import Vocabularies
from autofis_kedro.data.vocabulary_fitting import fit_vocabularies, kinds_of


def fit(train_rows: pl.LazyFrame, bucketing: BucketingConfig) -> pl.DataFrame:
    """Vocabularies of the train rows, as a table."""
    return fit_vocabularies(train_rows, kinds_of(train_rows), bucketing).table


def describe_fields(vocabularies: pl.DataFrame, train_rows: pl.LazyFrame, bucketing: BucketingConfig) -> Schema:
    """Fields, sizes and the id space."""
    return Vocabularies(vocabularies).schema(bucketing.dataset, described=tuple(kinds_of(train_rows)))


def encode(
    train_rows: pl.LazyFrame,
    valid_rows: pl.LazyFrame,
    test_rows: pl.LazyFrame,
    vocabularies: pl.DataFrame,
    schema: Schema,
) -> tuple[EncodedRows, EncodedRows, EncodedRows]:
    """The splits as recipes that their datasets carry out while saving: the rows stream from disk to disk."""
    encoder = Encoder(Vocabularies(vocabularies), schema)
    return (
        EncodedRows(train_rows, encoder, "train"),
        EncodedRows(valid_rows, encoder, "valid"),
        EncodedRows(test_rows, encoder, "test"),
    )


def describe_dataset(
    vocabularies: pl.DataFrame,
    schema: Schema,
    train_examples: Examples,
    valid_examples: Examples,
    test_examples: Examples,
) -> DatasetStatistics:
    """The paper's Table 2, and per-field statistics."""
    splits = {"train": train_examples, "valid": valid_examples, "test": test_examples}
    return describe(Vocabularies(vocabularies), schema, splits)
