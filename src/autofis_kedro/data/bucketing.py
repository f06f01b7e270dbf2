"""How raw values become buckets: the configuration, and the edges of numeric buckets.

A numeric field is cut by ascending edges e_1 < ... < e_k into k + 1 half-open buckets: below e_1, from e_1 to
below e_2, ..., from e_k on. The methods only choose the edges; a value is encoded by one binary search.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field as Bounded
from pydantic import field_validator

from autofis_kedro.config import Frozen, Options
from autofis_kedro.data.schema import FieldKind
from autofis_kedro.errors import UserError

Float64 = NDArray[np.float64]


class Quantiles(Frozen):
    """Buckets of equal train row counts, as far as ties allow (the authors' equal-size buckets)."""

    method: Literal["quantiles"] = "quantiles"
    count: int = Bounded(default=50, ge=2, le=1_000_000, description="number of buckets; fewer where values are tied")


class LogSquared(Frozen):
    """Bucket floor(log(x)^2), as the winners of the Criteo challenge did; see :func:`log_squared_edges`."""

    method: Literal["log_squared"]


class FixedEdges(Frozen):
    """Buckets between given edges, each edge belonging to the bucket above it."""

    method: Literal["edges"]
    edges: tuple[float, ...] = Bounded(min_length=1)

    @field_validator("edges")
    @classmethod
    def _ascend(cls, edges: tuple[float, ...]) -> tuple[float, ...]:
        if not all(map(math.isfinite, edges)) or any(a >= b for a, b in pairwise(edges)):
            raise ValueError(f"edges must be finite and strictly ascending, not {list(edges)}")
        return edges


NumericBuckets = Annotated[Quantiles | LogSquared | FixedEdges, Bounded(discriminator="method")]


class BucketingConfig(Options):
    """From raw values to ids.

    Attributes:
        dataset: the data set's name, in the schema and in tables.
        min_count: a value (or numeric bucket) in fewer train rows than this is rare; all rare ones of a field
            share the id OTHER (paper sec. 4.1: "less than 20 times are set as a dummy feature 'other'").
        min_count_of: other thresholds for single fields.
        numeric: how numeric fields are cut.
        numeric_of: other ways for single fields.
    """

    dataset: str = "data"
    min_count: int = Bounded(default=1, ge=1)
    min_count_of: Mapping[str, Annotated[int, Bounded(ge=1)]] = Bounded(default_factory=dict)
    numeric: NumericBuckets = Quantiles()
    numeric_of: Mapping[str, NumericBuckets] = Bounded(default_factory=dict)

    @field_validator("dataset")
    @classmethod
    def _is_the_name_of_a_folder(cls, name: str) -> str:
        # It becomes a part of paths: nothing in it may lead elsewhere, or mean something to a glob or a template.
        if not re.fullmatch(r"\w[\w.\-]{0,99}", name):
            raise ValueError(
                "a data set's name is that of its folders: up to 100 letters, digits, _, - and ., the first a letter, "
                "a digit or _"
            )
        return name

    def threshold(self, field: str) -> int:
        """The min_count of a field."""
        return self.min_count_of.get(field, self.min_count)

    def check_fields(self, kinds: Mapping[str, FieldKind]) -> None:
        """Check that every field named here exists and has the right kind.

        Raises:
            UserError: names the field and where it is allowed.
        """
        numeric = [name for name, kind in kinds.items() if kind == "numeric"]
        for option, given, allowed in (
            ("min_count_of", self.min_count_of, list(kinds)),
            ("numeric_of", self.numeric_of, numeric),
        ):
            for name in given:
                if name not in allowed:
                    what = "numeric fields" if option == "numeric_of" else "fields"
                    names = ", ".join(allowed) or "there are none"
                    raise UserError(f"bucketing.{option}: '{name}' is not one of the {what}: {names}")


def numeric_edges(buckets: NumericBuckets, values: Float64, counts: NDArray[np.integer]) -> Float64:
    """The edges for the distinct train values of a field.

    Args:
        values: distinct values, ascending, at least one.
        counts: train rows that hold each of them.

    Returns:
        Ascending edges, possibly none.
    """
    if isinstance(buckets, Quantiles):
        return quantile_edges(values, counts, buckets.count)
    if isinstance(buckets, LogSquared):
        return log_squared_edges(float(values[0]), float(values[-1]))
    return np.array(buckets.edges, dtype=np.float64)


def quantile_edges(values: Float64, counts: NDArray[np.integer], n_buckets: int) -> Float64:
    """Edges of equal-size buckets.

    The edges are the values at ranks ceil(n j / n_buckets), 0 < j < n_buckets, of the n sorted rows, each
    once. Equal values are never parted: a bucket holds at most ceil(n / n_buckets) rows besides those of its
    lowest value.
    """
    ends = np.cumsum(counts)
    n_rows = int(ends[-1])
    ranks = [-(-n_rows * j // n_buckets) for j in range(1, n_buckets)]
    at_rank = np.searchsorted(ends, [rank for rank in ranks if rank < n_rows], side="right")
    edges = np.unique(values[at_rank])
    above: Float64 = edges[edges > values[0]]  # an edge at the minimum would leave the first bucket empty
    return above


def log_squared_edges(low: float, high: float) -> Float64:
    """Edges of floor(log(x)^2) buckets that cover low..high.

    * x >= e: one bucket for each integer floor(log(x)^2).
    * -2 <= x < e: one bucket for each integer, as the winners kept every x <= 2 as a value of its own; below
      1 the square of the log rises again. Fractions are rounded down, and 2 <= x < e is one bucket.
    * x < -2: mirrored, so a large negative value falls into the bucket of floor(log(-x)^2).
    """
    edges = [float(x) for x in range(-2, 3)]
    for sign, bound in ((1, high), (-1, -low)):
        if bound >= math.e:
            highest = math.floor(math.log(bound) ** 2)
            edges += [sign * math.exp(math.sqrt(k)) for k in range(1, highest + 1)]
    return np.array(sorted(edges))


def bucket_of(values: Float64, edges: Float64) -> NDArray[np.int64]:
    """Bucket numbers 0..len(edges) of values."""
    return np.searchsorted(edges, values, side="right")


class BucketTable:
    """:func:`bucket_of` for fixed edges and many values, some five times faster.

    The leading bits of a float (sign, exponent, six bits of the mantissa) name a cell of the number line. A table
    holds the bucket of each cell; only values in a cell that holds an edge are searched for.
    """

    _SHIFT = 46
    _CELLS = 1 << 18
    _SEARCH = -1

    def __init__(self, edges: Float64) -> None:
        self._edges = edges
        lows = np.arange(self._CELLS, dtype=np.uint64) << np.uint64(self._SHIFT)
        highs = lows + np.uint64((1 << self._SHIFT) - 1)
        first, last = bucket_of(lows.view(np.float64), edges), bucket_of(highs.view(np.float64), edges)
        self._bucket_of_cell = np.where(first == last, first, self._SEARCH).astype(np.int32)

    def find(self, values: Float64) -> NDArray[np.int32]:
        """Bucket numbers of values."""
        cells = (values.view(np.uint64) >> np.uint64(self._SHIFT)).view(np.int64)
        buckets = self._bucket_of_cell.take(cells)
        open_ones = np.flatnonzero(buckets == self._SEARCH)
        buckets[open_ones] = bucket_of(values.take(open_ones), self._edges)
        return buckets
