"""Train, validation and test rows, and negative down-sampling: decided row by row, so that both stream.

A row's lot is a hash of its number and a seed (splitmix64, Steele et al. 2014), written out in 64-bit arithmetic
because polars' own hash may change between versions.
"""

from __future__ import annotations

import math
from typing import Literal

import polars as pl
from polars import selectors
from pydantic import Field as Bounded
from pydantic import model_validator

from autofis_kedro.config import Frozen, Options, Seed
from autofis_kedro.data.formats_of_time import check_format
from autofis_kedro.data.names import LABEL, ORDER, PREFIX, ROW, SPLIT, refusal
from autofis_kedro.data.order import NUMBER, TEXT, SplitColumn
from autofis_kedro.errors import UserError

SPLITS = ("train", "valid", "test")


class SplitConfig(Options):
    """How rows become train, validation and test rows.

    Attributes:
        method: ``random`` by hash; ``time`` by the order of ``column`` (or of the rows without one), earliest first;
            ``given`` by the files, or by ``column``.
        fractions: of train, valid and test; they sum to 1.
        column: a raw column, which need not be a field: what ``time`` compares, or ``given`` reads train, valid and
            test from.
        format: of ``column`` for ``time``, as of a timestamp, or ``number``, or ``text`` that sorts as it is; None:
            numbers, ISO 8601, a parquet file's own type, or the format of the field.
        seed: of the hash.
        positive_share: down-sample negatives to this positive share in every split; None keeps all rows.
    """

    method: Literal["random", "time", "given"] = "random"
    fractions: tuple[float, float, float] = (0.8, 0.1, 0.1)
    column: str | None = None
    format: str | None = None
    seed: Seed = 0
    positive_share: float | None = Bounded(default=None, gt=0, lt=1)

    @model_validator(mode="after")
    def _fractions_sum_to_one(self) -> SplitConfig:
        if min(self.fractions) <= 0 or abs(sum(self.fractions) - 1) > 1e-9:
            raise ValueError(f"fractions {list(self.fractions)} must be positive and sum to 1")
        return self

    @model_validator(mode="after")
    def _column_is_used(self) -> SplitConfig:
        if self.column is not None and self.method == "random":
            raise ValueError(f"column '{self.column}' splits nothing where method is random; set method: time or given")
        if self.format is not None and (self.column is None or self.method != "time"):
            raise ValueError(
                f"format '{self.format}' is that of a column by whose time rows are split; name the column"
            )
        if self.format not in (None, TEXT, NUMBER):
            check_format(self.format, ("year", "month", "day"))
        if self.column is not None and (reason := refusal(self.column)):
            raise ValueError(f"column '{self.column}': {reason}")
        return self

    @property
    def by_column(self) -> SplitColumn | None:
        """What the typed rows must hold for this split."""
        if self.column is None or self.method == "random":
            return None
        return SplitColumn(method=self.method, column=self.column, format=self.format)


class SplitReport(Frozen):
    """What the split made.

    Attributes:
        rows: of train, valid and test.
        positives: those of label 1; empty where nobody counted.
        negative_rate: share of the negatives that were kept; 1 without down-sampling.
        calibration_offset: add this to a logit to undo the down-sampling: log(negative_rate), in nats.
    """

    rows: dict[str, int]
    positives: dict[str, int] = Bounded(default_factory=dict)
    negative_rate: float
    calibration_offset: float


class Assignment(Frozen):
    """Which split each row belongs to, decided: whoever reads the typed rows finds the same.

    Attributes:
        method: as in ``SplitConfig``.
        column: whose values are compared for ``time``; None compares row numbers.
        first_valid: rows below it are train rows: a lot, a row number or a value of ``column``.
        first_test: rows from it on are test rows.
        seed: of the lots.
        negative_rate: share of the negatives that is kept.
    """

    method: Literal["random", "time", "given"]
    column: str | None = None
    first_valid: float | str = 0.0
    first_test: float | str = 0.0
    seed: int = 0
    negative_rate: float = 1.0

    def select(self, typed: pl.LazyFrame, split: str) -> pl.LazyFrame:
        """The rows of one split: label and fields, nothing else of ours."""
        rows = self.sampled(typed).filter(self.holds(split))
        return rows.select(~selectors.starts_with(PREFIX) | selectors.by_name(LABEL))

    def sampled(self, typed: pl.LazyFrame) -> pl.LazyFrame:
        """All rows but the negatives that are left out."""
        if self.negative_rate == 1:
            return typed
        return typed.filter((pl.col(LABEL) == 1) | (lot(self.seed + 1) < self.negative_rate))

    def holds(self, split: str) -> pl.Expr:
        """Whether a split holds a row."""
        if self.method == "given":
            return pl.col(SPLIT) == split
        value = lot(self.seed) if self.method == "random" else pl.col(self.column or ROW)
        first_valid, first_test = pl.lit(self.first_valid), pl.lit(self.first_test)  # text would be taken for a column
        if split == "train":
            return value < first_valid
        if split == "valid":
            return value.is_between(first_valid, first_test, closed="left")
        return (value >= first_test).fill_null(True)  # a row without a value may be later than any other


def split_rows(typed: pl.LazyFrame, config: SplitConfig) -> tuple[Assignment, SplitReport]:
    """Decide which split each row belongs to.

    Raises:
        UserError: an empty split, no given split, an unknown column, or more positives than asked for.
    """
    rate = negative_rate(typed, config.positive_share)
    columns = typed.collect_schema().names()
    if config.method == "given" and SPLIT not in columns:
        raise UserError(
            "split.method given: the rows have no split; describe split_files, name a split.column, or use method "
            "random or time"
        )
    first_valid, first_test = _thresholds(typed, config)
    assignment = Assignment(
        method=config.method,
        column=ORDER if config.column is not None and config.method == "time" else None,
        first_valid=first_valid,
        first_test=first_test,
        seed=config.seed,
        negative_rate=rate,
    )
    held = [assignment.holds(name).sum().alias(name) for name in SPLITS]
    counts = assignment.sampled(typed).select(held).collect(engine="streaming").row(0, named=True)
    for name in SPLITS:
        if not counts[name]:
            raise UserError(f"the {name} split is empty: {sum(counts.values())} rows, split.method {config.method}")
    report = SplitReport(rows={s: counts[s] for s in SPLITS}, negative_rate=rate, calibration_offset=math.log(rate))
    return assignment, report


def _thresholds(typed: pl.LazyFrame, config: SplitConfig) -> tuple[float | str, float | str]:
    """The values from which on rows are validation and test rows."""
    train, valid, _ = config.fractions
    if config.method != "time":
        return train, train + valid
    if config.column is None:
        rows = typed.select(pl.len()).collect(engine="streaming").item()
        return round(rows * train), round(rows * (train + valid))
    if ORDER not in typed.collect_schema():
        raise UserError(f"the typed rows hold no order by split.column '{config.column}': run ingestion again")
    moments = typed.group_by(ORDER).agg(pl.len().alias(ROW)).sort(ORDER, nulls_last=True).collect(engine="streaming")
    values = moments[ORDER].drop_nulls()
    if not len(values):
        raise UserError(f"split.column '{config.column}' is missing in all rows")
    reached = moments[ROW].cum_sum() / moments[ROW].sum()
    first_valid, first_test = (
        _value_at(values, min(int((reached < share).sum()) + 1, len(moments) - 1)) for share in (train, train + valid)
    )
    return first_valid, first_test


def _value_at(values: pl.Series, place: int) -> float | str:
    """The value at a place of the sorted ones; beyond them, where rows without a value stand, the next larger one."""
    if place < len(values):
        value: float | str = values[place]
        return value
    last: float | str = values[-1]
    return f"{last}\0" if isinstance(last, str) else math.nextafter(last, math.inf)


def lot(seed: int) -> pl.Expr:
    """A number in [0, 1) of each row, from its row number and the seed alone (splitmix64)."""

    def u64(value: int) -> pl.Expr:
        return pl.lit(value % 2**64, dtype=pl.UInt64)

    golden = 0x9E3779B97F4A7C15
    start = (seed * 0xD1342543DE82EF95 + golden) % 2**64
    z = pl.col(ROW).cast(pl.UInt64) * u64(golden) + u64(start)
    z = (z ^ (z // u64(2**30))) * u64(0xBF58476D1CE4E5B9)
    z = (z ^ (z // u64(2**27))) * u64(0x94D049BB133111EB)
    z = z ^ (z // u64(2**31))
    return (z // u64(2**11)).cast(pl.Float64) / 2.0**53


def negative_rate(typed: pl.LazyFrame, positive_share: float | None) -> float:
    """The share of negatives to keep so that the positive share becomes the given one.

    Raises:
        UserError: the rows already have a larger positive share.
    """
    if positive_share is None:
        return 1.0
    rows, positives = typed.select(pl.len(), pl.col(LABEL).cast(pl.Int64).sum()).collect(engine="streaming").row(0)
    rate = positives * (1 - positive_share) / positive_share / (rows - positives)
    if rate > 1:
        raise UserError(
            f"split.positive_share {positive_share}: the rows have {positives / rows:.4f}; only negatives are "
            "down-sampled, "
            "so ask for a larger share"
        )
    return float(rate)
