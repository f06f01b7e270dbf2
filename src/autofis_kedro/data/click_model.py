"""The truth of a synthetic problem: which rows there are, and how probable a click is in each.

Shapes: N rows, V places of a cell (1, or 3 in a multi-hot field; -1 is an empty place).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import norm

from autofis_kedro.data.description import DataDescription
from autofis_kedro.data.names import EXTRA
from autofis_kedro.data.typing import RowTyping

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]

PLACES = 3
"""Values that a multi-hot cell holds at most."""


@dataclass(frozen=True)
class ClickModel:
    """A click happens where score plus normal noise reaches the threshold (paper Eq. 16-17).

    Attributes:
        description: of the raw rows; its fields are x0, x1, ... in order.
        shares: p(x) of each field.
        effects: field positions and a number for each of their (joint) values: w of single fields, v of planted
            combinations.
        noise: standard deviation of epsilon.
        threshold: what the score must reach.
    """

    description: DataDescription
    shares: tuple[Float64, ...]
    effects: tuple[tuple[tuple[int, ...], Float64], ...]
    noise: float
    threshold: float

    @property
    def n_fields(self) -> int:
        """Number of fields."""
        return len(self.shares)

    def draw(self, rng: np.random.Generator, n: int, fields: Collection[int]) -> dict[int, Int64]:
        """Values [V, N] of the given fields, each drawn from its p(x)."""
        kinds = self.description.fields
        return {i: draw_values(rng, self.shares[i], n, is_multi_hot=kinds[i].kind == "multi_hot") for i in fields}

    def score(self, values: Mapping[int, Int64]) -> Float64:
        """Sum of linear and planted terms, without noise: [N]."""
        return sum(
            (mean_effect([values[i] for i in fields], v) for fields, v in self.effects),
            start=np.zeros(values[0].shape[1]),
        )

    def probability(self, values: Mapping[int, Int64]) -> Float64:
        """P(y = 1 | x) = Phi((score - threshold) / noise); without noise 0 or 1: [N]."""
        margin_N = self.score(values) - self.threshold
        if self.noise == 0:
            return (margin_N >= 0).astype(np.float64)
        probability_N: Float64 = norm.cdf(margin_N / self.noise)
        return probability_N

    def raw_columns(self, values: Mapping[int, Int64]) -> dict[str, pl.Series]:
        """The fields as a raw file has them."""
        fields, size = self.description.fields, len(self.shares[0])
        return {field.name: _column(field.kind, values[i], size) for i, field in enumerate(fields)}

    def typed_rows(self, values: Mapping[int, Int64]) -> pl.DataFrame:
        """The fields as an ``Encoder`` takes them, with label 0: nobody has seen these rows."""
        raw = pl.DataFrame(self.raw_columns(values)).with_columns(pl.lit(None, dtype=pl.String).alias(EXTRA))
        description = self.description.without_label()
        return raw.select(RowTyping(description, raw.schema, description.format, "synthetic rows").columns())


def draw_values(rng: np.random.Generator, share: Float64, n: int, *, is_multi_hot: bool) -> Int64:
    """Values of a field's cells: [V, N]."""
    places = PLACES if is_multi_hot else 1
    values_VN = rng.choice(len(share), size=(places, n), p=share)
    if is_multi_hot:
        count_N = rng.integers(1, places + 1, n)
        values_VN[np.arange(places)[:, None] >= count_N] = -1
    return values_VN


def mean_effect(fields: Sequence[Int64], v: Float64) -> Float64:
    """v at each row's joint value, averaged over the values of multi-hot cells: [N]."""
    total_N, count_N = np.zeros(fields[0].shape[1]), np.zeros(fields[0].shape[1])
    for places in np.ndindex(*(len(values) for values in fields)):
        chosen = [values[place] for values, place in zip(fields, places, strict=True)]
        is_there = np.all([value >= 0 for value in chosen], axis=0)
        total_N += np.where(is_there, v[tuple(chosen)], 0.0)
        count_N += is_there
    return total_N / count_N


def _column(kind: str, values_VN: Int64, n_values: int) -> pl.Series:
    if kind == "numeric":
        return pl.Series(values_VN[0].astype(np.float64))
    names = pl.Series([*(f"v{value}" for value in range(n_values)), None], dtype=pl.String)  # -1 takes the last one
    cells = pl.DataFrame({str(i): names.gather(values % (n_values + 1)) for i, values in enumerate(values_VN)})
    return cells.select(pl.concat_str(pl.all(), separator="|", ignore_nulls=True).alias("cell"))["cell"]
