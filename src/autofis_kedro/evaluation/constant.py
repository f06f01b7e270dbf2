"""The prediction that needs no model: the same probability for every row."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from autofis_kedro.data.examples import Examples


def constant_predictions(train: Examples, splits: Mapping[str, Examples]) -> pl.DataFrame:
    """The share of positive train rows for every row of the splits: columns label, seed_0 (Float32), split."""
    rate = float(np.mean(train.labels, dtype=np.float64))
    split_type = pl.Enum(list(splits))
    parts = [
        pl.DataFrame({"label": pl.Series(found.labels, dtype=pl.UInt8)}).with_columns(
            pl.lit(rate, pl.Float32).alias("seed_0"), pl.lit(name, split_type).alias("split")
        )
        for name, found in splits.items()
    ]
    return pl.concat(parts)
