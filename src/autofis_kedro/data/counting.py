"""How often each value occurs in the train rows.

Each field is a streaming pass over one column: memory holds the distinct values of one field at a time. Several fields
in one pass (``collect_all``) would be faster, but rows that one of them has not counted yet pile up in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from autofis_kedro.data.equality import EqualAs, canonical, compared_as, is_plain
from autofis_kedro.data.schema import FieldKind
from autofis_kedro.errors import UserError

VALUE = "value"
COUNT = "count"

# Above this many distinct values numbers are counted to SIGNIFICANT_DIGITS digits: memory stays bounded
# (ten million take 0.8 GB; digits leave about 9,000 per power of ten) and a quantile moves by 0.05 % at most.
MAX_EXACT_NUMBERS = 10_000_000
SIGNIFICANT_DIGITS = 4
LOW_COUNTS = 8


@dataclass(frozen=True)
class Counted:
    """The distinct values of one field.

    Attributes:
        field: its name.
        equal_as: how it compares values.
        values: columns ``value`` (null: missing) and ``count`` (UInt32: rows that hold it), most frequent first, ties
            by value; missing, if there is any, above all.
    """

    field: str
    equal_as: EqualAs
    values: pl.DataFrame


def count_values(rows: pl.LazyFrame, kinds: Mapping[str, FieldKind], n_rows: int) -> Iterator[Counted]:
    """Distinct values of each field and the number of rows that hold them.

    Args:
        rows: typed rows.
        kinds: columns of them and their kinds. A value that a multi-hot cell holds twice counts once.
        n_rows: how many there are.

    Yields:
        The fields one after another.

    Raises:
        UserError: a number that is not finite.
    """
    rounded = _fields_to_round(rows, kinds, n_rows)
    for name, kind in kinds.items():
        counted, equal_as = _counted(rows, name, kind, is_rounded=name in rounded)
        missing = counted.filter(pl.col(VALUE).is_null())
        values = _sorted(counted.filter(pl.col(VALUE).is_not_null()))
        yield Counted(name, equal_as, pl.concat([missing, values]))


def _counted(rows: pl.LazyFrame, field: str, kind: FieldKind, *, is_rounded: bool) -> tuple[pl.DataFrame, EqualAs]:
    counted = _counts(rows, field, kind, is_rounded).collect(engine="streaming")
    if kind == "numeric":
        _check_finite(counted, field)
        return counted, "number"
    values = counted[VALUE].drop_nulls()
    if is_plain(values):
        return counted, "number"
    equal_as = compared_as(values)
    if (values != values.to_frame().select(canonical(pl.col(VALUE), equal_as)).to_series()).any():
        counted = _counts(rows, field, kind, is_rounded, equal_as).collect(engine="streaming")
    return counted, equal_as


def _counts(
    rows: pl.LazyFrame, field: str, kind: FieldKind, is_rounded: bool, equal_as: EqualAs = "text"
) -> pl.LazyFrame:
    """Where values are written in several ways: the values of a cell, and those of all cells, each once."""
    column = pl.col(field)
    if is_rounded:
        column = column.round_sig_figs(SIGNIFICANT_DIGITS)
    elif kind == "multi_hot":
        present = column.list.drop_nulls().list.eval(canonical(pl.element(), equal_as)).list.unique()
        # explode turns null and empty lists alike into one null: the cell is missing.
        lists = pl.when(present.list.len() > 0).then(present).alias(field)
        rows = rows.select(lists).explode(field, empty_as_null=True)
    elif kind == "categorical":
        column = canonical(column, equal_as)
    return rows.select(column.alias(VALUE)).group_by(VALUE).agg(pl.len().alias(COUNT))


def _fields_to_round(rows: pl.LazyFrame, kinds: Mapping[str, FieldKind], n_rows: int) -> frozenset[str]:
    """Numeric fields with more than ``MAX_EXACT_NUMBERS`` distinct values, in one pass over all of them."""
    numeric = [name for name, kind in kinds.items() if kind == "numeric"]
    if n_rows <= MAX_EXACT_NUMBERS or not numeric:
        return frozenset()
    distinct = rows.select(pl.col(numeric).approx_n_unique()).collect(engine="streaming").row(0, named=True)
    return frozenset(name for name in numeric if distinct[name] > MAX_EXACT_NUMBERS)


def _sorted(values: pl.DataFrame) -> pl.DataFrame:
    """By count, descending, then by value: group_by has no stable order, and ids must not depend on it."""
    # Most values are rare. Sorting each low count's values alone is several times faster than by two keys.
    common = values.filter(pl.col(COUNT) > LOW_COUNTS).sort([COUNT, VALUE], descending=[True, False])
    parts = [common]
    for count in range(LOW_COUNTS, 0, -1):
        of_count = values.filter(pl.col(COUNT) == count)
        parts.append(of_count.with_columns(pl.col(VALUE).sort()))
    return pl.concat(parts)


def _check_finite(counted: pl.DataFrame, field: str) -> None:
    bad = counted.filter(~pl.col(VALUE).is_finite())
    if len(bad):
        raise UserError(
            f"field '{field}': {bad[COUNT].sum()} train rows hold {bad[VALUE][0]}; "
            "numbers must be finite, or null if missing"
        )
