"""How often each value occurs in the train rows, one field after another.

Each count is one streaming pass over one column: memory holds the distinct values of one field at a time.
"""

from __future__ import annotations

import polars as pl

from autofis_kedro.data.schema import FieldKind
from autofis_kedro.errors import UserError

VALUE = "value"
COUNT = "count"

# Above this many distinct values numbers are counted to SIGNIFICANT_DIGITS digits: memory stays bounded
# (ten million take 0.8 GB; digits leave about 9,000 per power of ten) and a quantile moves by 0.05 % at most.
MAX_EXACT_NUMBERS = 10_000_000
SIGNIFICANT_DIGITS = 4
LOW_COUNTS = 8


def count_values(rows: pl.LazyFrame, field: str, kind: FieldKind) -> pl.DataFrame:
    """Distinct values and the number of rows that hold them.

    Args:
        rows: typed rows.
        field: a column of them.
        kind: its kind. A value that a multi-hot cell holds twice counts once.

    Returns:
        Columns ``value`` (null: missing) and ``count`` (UInt32), most frequent first, ties by value; missing,
        if there is any, above all.

    Raises:
        UserError: a number that is not finite.
    """
    column = pl.col(field)
    if kind == "numeric":
        column = _numbers(rows, field)
    elif kind == "multi_hot":
        present = column.list.drop_nulls().list.unique()
        # explode turns null and empty lists alike into one null: the cell is missing.
        lists = pl.when(present.list.len() > 0).then(present).alias(field)
        rows = rows.select(lists).explode(field, empty_as_null=True)
    counted = rows.select(column.alias(VALUE)).group_by(VALUE).agg(pl.len().alias(COUNT)).collect(engine="streaming")
    if kind == "numeric":
        _check_finite(counted, field)
    missing = counted.filter(pl.col(VALUE).is_null())
    return pl.concat([missing, _sorted(counted.filter(pl.col(VALUE).is_not_null()))])


def _sorted(values: pl.DataFrame) -> pl.DataFrame:
    """By count, descending, then by value: group_by has no stable order, and ids must not depend on it."""
    # Most values are rare. Sorting each low count's values alone is several times faster than by two keys.
    common = values.filter(pl.col(COUNT) > LOW_COUNTS).sort([COUNT, VALUE], descending=[True, False])
    parts = [common]
    for count in range(LOW_COUNTS, 0, -1):
        of_count = values.filter(pl.col(COUNT) == count)
        parts.append(of_count.with_columns(pl.col(VALUE).sort()))
    return pl.concat(parts)


def _numbers(rows: pl.LazyFrame, field: str) -> pl.Expr:
    number = pl.col(field)
    for at_most in (pl.len(), number.approx_n_unique()):  # the second is slower, and seldom needed
        if rows.select(at_most).collect(engine="streaming").item() <= MAX_EXACT_NUMBERS:
            return number
    return number.round_sig_figs(SIGNIFICANT_DIGITS)


def _check_finite(counted: pl.DataFrame, field: str) -> None:
    bad = counted.filter(~pl.col(VALUE).is_finite())
    if len(bad):
        raise UserError(
            f"field '{field}': {bad[COUNT].sum()} train rows hold {bad[VALUE][0]}; "
            "numbers must be finite, or null if missing"
        )
