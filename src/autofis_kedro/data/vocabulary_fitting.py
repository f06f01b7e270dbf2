"""Fit vocabularies on typed train rows: count the values of every field, cut numbers into buckets, give out ids."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import polars as pl

from autofis_kedro.data.bucketing import BucketingConfig, bucket_of, numeric_edges
from autofis_kedro.data.counting import COUNT, VALUE, Counted, count_values
from autofis_kedro.data.equality import EQUAL_AS
from autofis_kedro.data.names import LABEL
from autofis_kedro.data.schema import N_SPECIAL, OTHER, FieldKind
from autofis_kedro.data.vocabulary import Vocabularies
from autofis_kedro.errors import UserError

logger = logging.getLogger(__name__)

MEANINGS = ("missing", "unseen", "other", "kept", "rare")
KINDS = ("categorical", "numeric", "multi_hot")
KIND_OF_TYPE: dict[pl.DataType | type[pl.DataType], FieldKind] = {
    pl.String: "categorical",
    pl.Float64: "numeric",
    pl.List(pl.String): "multi_hot",
}


def kinds_of(rows: pl.LazyFrame) -> dict[str, FieldKind]:
    """The fields of typed rows and their kinds, in column order; the type of a column tells its kind.

    Raises:
        UserError: a column of another type.
    """
    kinds: dict[str, FieldKind] = {}
    for name, dtype in rows.collect_schema().items():
        if name == LABEL:
            continue
        if dtype not in KIND_OF_TYPE:
            raise UserError(f"field '{name}': {dtype} is no type of typed rows: {', '.join(map(str, KIND_OF_TYPE))}")
        kinds[name] = KIND_OF_TYPE[dtype]
    return kinds


def fit_vocabularies(train: pl.LazyFrame, kinds: Mapping[str, FieldKind], config: BucketingConfig) -> Vocabularies:
    """Fit the vocabularies of all fields on the train rows; one that has one value in them is left out, with a warning.

    Args:
        train: typed rows; column order does not matter, and neither does row order.
        kinds: the fields, in the order that the schema will have.
        config: thresholds and numeric buckets.

    Raises:
        UserError: no rows; a field that is absent or has only rare values; fewer than two fields with more than one
            value; an option for an unknown field.
    """
    config.check_fields(kinds)
    absent = [name for name in kinds if name not in train.collect_schema().names()]
    if absent or not kinds:
        raise UserError(f"the train rows have no column for: {', '.join(absent) or 'no fields were given'}")
    n_rows = train.select(pl.len()).collect(engine="streaming").item()
    if n_rows == 0:
        raise UserError("the train rows are empty: no vocabulary can be fitted; check the split")
    tables: dict[str, pl.DataFrame] = {}
    left_out: dict[str, str] = {}
    for counted in count_values(train, kinds, n_rows):
        try:
            tables[counted.field] = _fit_field(counted, kinds[counted.field], config)
        except TellsNothing as nothing:
            left_out[counted.field] = str(nothing)
            logger.warning("field '%s' %s: it is left out", counted.field, nothing)
    if left_out and len(tables) < 2:
        why = "; ".join(f"field '{name}' {reason}" for name, reason in left_out.items())
        raise UserError(f"{len(tables)} field with more than one value remains, interactions need at least 2: {why}")
    names = pl.Enum(list(tables))
    return Vocabularies(pl.concat([table.with_columns(pl.col("field").cast(names)) for table in tables.values()]))


class TellsNothing(Exception):
    """A field is the same in all train rows; the message says what it is."""


def _fit_field(found: Counted, kind: FieldKind, config: BucketingConfig) -> pl.DataFrame:
    name, counted = found.field, found.values
    _check_varies(counted)
    missing = int(counted.filter(pl.col(VALUE).is_null())[COUNT].sum())
    values = counted.filter(pl.col(VALUE).is_not_null())
    if kind == "numeric":
        listed = _buckets(values, name, config)
        if len(listed) == 1 and not missing:
            raise TellsNothing(f"falls into one bucket in all train rows (bucketing.numeric_of.{name} chooses others)")
    else:
        listed = values.select(
            pl.col(VALUE),
            pl.lit(None, pl.Float64).alias("lower"),
            COUNT,
            pl.lit(1, pl.UInt32).alias("distinct"),
        )
    threshold = config.threshold(name)
    _check_keeps(listed, name, threshold)
    equal_as = pl.lit(found.equal_as).cast(pl.Enum(EQUAL_AS)).alias("equal_as")
    return _with_ids(listed, name, kind, threshold, missing).with_columns(equal_as)


def _buckets(values: pl.DataFrame, name: str, config: BucketingConfig) -> pl.DataFrame:
    """Buckets by lower edge. One without train rows joins its neighbour below (the lowest: the one above)."""
    values = values.sort(VALUE)
    numbers = values[VALUE].to_numpy()
    edges = numeric_edges(config.numeric_of.get(name, config.numeric), numbers, values[COUNT].to_numpy())
    lowers = np.concatenate([[-np.inf], edges])
    filled = (
        values.select(COUNT, bucket=bucket_of(numbers, edges))
        .group_by("bucket")
        .agg(pl.col(COUNT).sum(), distinct=pl.len().cast(pl.UInt32))
        .sort("bucket")
    )
    kept = lowers[filled["bucket"].to_numpy()]
    inner = [f"{low:g} to < {high:g}" for low, high in pairwise(kept[1:])]
    labels = [f"< {kept[1]:g}", *inner, f">= {kept[-1]:g}"] if len(kept) > 1 else ["any"]
    lower = pl.Series("lower", [None, *kept[1:].tolist()], dtype=pl.Float64)
    return filled.select(pl.Series(VALUE, labels), lower, COUNT, "distinct")


def _with_ids(listed: pl.DataFrame, name: str, kind: FieldKind, threshold: int, missing: int) -> pl.DataFrame:
    """The table of one field: special ids, then the listed values with theirs."""
    keep = pl.col(COUNT) >= threshold
    listed = listed.with_columns(
        id=pl.when(keep).then(keep.cum_sum() + N_SPECIAL - 1).otherwise(OTHER),
        meaning=pl.when(keep).then(pl.lit("kept")).otherwise(pl.lit("rare")),
    )
    rare = listed.filter(~keep)
    special = pl.DataFrame(
        {
            "meaning": MEANINGS[:N_SPECIAL],
            "id": range(N_SPECIAL),
            COUNT: [missing, 0, rare[COUNT].sum()],
            "distinct": [0, 0, rare["distinct"].sum()],
        }
    )
    return pl.concat([special, listed], how="diagonal_relaxed").select(
        pl.lit(name).alias("field"),
        pl.lit(kind).cast(pl.Enum(KINDS)).alias("kind"),
        pl.col("meaning").cast(pl.Enum(MEANINGS)),
        pl.col("id").cast(pl.Int32),
        pl.col(VALUE).cast(pl.String),
        pl.col("lower").cast(pl.Float64),
        pl.col(COUNT).cast(pl.UInt32),
        pl.col("distinct").cast(pl.UInt32),
    )


def _check_varies(counted: pl.DataFrame) -> None:
    """One value in every row tells nothing: neither does a field that is always missing."""
    if len(counted) == 1:
        value = counted[VALUE][0]
        what = "is missing in all" if value is None else f"has one value, {value!r}, in all"
        raise TellsNothing(f"{what} {counted[COUNT][0]} train rows")


def _check_keeps(listed: pl.DataFrame, name: str, threshold: int) -> None:
    top = int(listed[COUNT].max() or 0)  # type: ignore[arg-type]
    if top < threshold:
        raise UserError(
            f"field '{name}': min_count {threshold} leaves no value: the most frequent of {len(listed)} is "
            f"in {top} train rows; set bucketing.min_count_of.{name} (or min_count) to {top} or less, or list the "
            "field under drop"
        )
