"""The samples of real logs, where they are at hand."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from autofis_kedro.data.bucketing import BucketingConfig
from autofis_kedro.data.encode import encode
from autofis_kedro.data.examples import check_examples
from autofis_kedro.data.names import LABEL
from autofis_kedro.data.statistics import describe
from autofis_kedro.data.vocabulary_fitting import fit_vocabularies, kinds_of

DATA = Path(__file__).parents[3] / "shared" / "data"
CRITEO = DATA / "criteo" / "criteo_sample.tsv.gz"
MOVIELENS = DATA / "movielens" / "ml1m_rating_ge4.csv.gz"


def encoded(rows: pl.DataFrame, config: BucketingConfig, folder: Path):
    """Train rows (the first four fifths) and the rest, encoded."""
    cut = len(rows) * 4 // 5
    splits = {"train": rows[:cut].lazy(), "test": rows[cut:].lazy()}
    vocabularies = fit_vocabularies(splits["train"], kinds_of(splits["train"]), config)
    schema = vocabularies.schema("real")
    examples = {name: encode(part, vocabularies, schema, folder / name, name) for name, part in splits.items()}
    for name, some in examples.items():
        check_examples(some, schema, name)
    return describe(vocabularies, schema, examples), examples


@pytest.mark.skipif(not CRITEO.exists(), reason="the Criteo sample is not in ../shared/data")
def test_criteo(tmp_path):
    names = ["label", *(f"I{i}" for i in range(1, 14)), *(f"C{i}" for i in range(1, 27))]
    raw = pl.read_csv(CRITEO, separator="\t", has_header=False, new_columns=names, infer_schema=False)
    rows = raw.with_columns(pl.col(names[1:14]).cast(pl.Float64), pl.col("label").cast(pl.UInt8).alias(LABEL)).drop(
        "label"
    )
    statistics, examples = encoded(rows, BucketingConfig(min_count=5, numeric={"method": "log_squared"}), tmp_path)
    assert statistics.n_fields == 39
    assert statistics.positive_ratio == pytest.approx(0.2568, abs=5e-5)
    c3 = next(field for field in statistics.fields if field.name == "C3")
    assert c3.unseen_share["train"] == 0 < c3.unseen_share["test"]
    missing = rows.null_count().row(0, named=True)
    for field in statistics.fields:
        assert sum(some.special[field.name][0] for some in examples.values()) == missing[field.name]


@pytest.mark.skipif(not MOVIELENS.exists(), reason="the MovieLens sample is not in ../shared/data")
def test_movielens_genres_are_multi_hot(tmp_path):
    raw = pl.read_csv(MOVIELENS, infer_schema=False, n_rows=100_000)
    rows = raw.with_columns(pl.col("label").cast(pl.UInt8).alias(LABEL), pl.col("genres").str.split("|")).drop("label")
    _, examples = encoded(rows, BucketingConfig(), tmp_path)
    lengths = np.concatenate([np.diff(some.bags[6].offsets) for some in examples.values()])
    assert (lengths == rows["genres"].list.n_unique().to_numpy()).all()
