"""The paper's synthetic problem (Eq. 16-17): only the planted combinations of fields interact."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field as Bounded
from pydantic import model_validator

from autofis_kedro.config import Frozen
from autofis_kedro.data.description import DataDescription, FieldDescription
from autofis_kedro.data.reading import RawRows


class SyntheticConfig(Frozen):
    """The problem.

    Attributes:
        n_rows: rows.
        n_fields: m; the first ``numeric_fields`` are written as numbers, the last ``multi_hot_fields`` as value lists.
        n_values: N, values per field.
        planted: C, combinations of two or three field positions; None draws ``n_planted`` pairs and ``n_triples``
        triples.
        n_planted: pairs to draw.
        n_triples: triples to draw.
        numeric_fields: how many fields are numbers.
        multi_hot_fields: how many fields hold one to three values, which act by their mean.
        noise: standard deviation of epsilon.
        positive_share: decides the threshold.
        seed: of everything.
    """

    n_rows: int = Bounded(default=180_000, ge=10)
    n_fields: int = Bounded(default=6, ge=2)
    n_values: int = Bounded(default=60, ge=2)
    planted: tuple[tuple[int, ...], ...] | None = ((0, 1), (2, 5), (3, 4))
    n_planted: int = Bounded(default=3, ge=0)
    n_triples: int = Bounded(default=0, ge=0)
    numeric_fields: int = Bounded(default=0, ge=0)
    multi_hot_fields: int = Bounded(default=0, ge=0)
    noise: float = Bounded(default=0.1, ge=0)
    positive_share: float = Bounded(default=0.5, gt=0, lt=1)
    seed: int = Bounded(default=0, ge=0)

    @model_validator(mode="after")
    def _planted_fits(self) -> SyntheticConfig:
        for combination in self.planted or ():
            if len(set(combination)) not in (2, 3) or not all(0 <= i < self.n_fields for i in combination):
                raise ValueError(f"planted {combination}: two or three different positions of 0..{self.n_fields - 1}")
        if self.numeric_fields + self.multi_hot_fields > self.n_fields:
            raise ValueError(f"numeric_fields + multi_hot_fields exceed n_fields {self.n_fields}")
        return self


@dataclass(frozen=True)
class SyntheticProblem:
    """Rows and truth.

    Attributes:
        rows: label and fields x0, x1, ... in raw form.
        planted: C by field name.
    """

    rows: pl.DataFrame
    planted: tuple[tuple[str, ...], ...]


def make_synthetic(config: SyntheticConfig) -> SyntheticProblem:
    """Draw p(x), w, v, C and then the rows, all from the seed.

    p(x) of each field is Dirichlet(5), w and v are standard normal per value and joint value, and y is 1 where
    the sum of linear terms, planted terms and noise reaches the quantile that gives ``positive_share``.
    """
    rng = np.random.default_rng(config.seed)
    planted = _planted(config, rng)
    shape = (config.n_rows, config.n_values)
    weights = [_weights(config, rng, field) for field in range(config.n_fields)]
    sum_N = np.zeros(config.n_rows)
    for rows_WN in weights:
        sum_N += _effect([rows_WN], rng.normal(size=shape[1]))
    for combination in planted:
        v = rng.normal(size=(config.n_values,) * len(combination))
        sum_N += _effect([weights[i] for i in combination], v)
    sum_N += config.noise * rng.normal(size=config.n_rows)
    labels = sum_N >= np.quantile(sum_N, 1 - config.positive_share)
    columns = {f"x{i}": _column(config, i, weights[i]) for i in range(config.n_fields)}
    rows = pl.DataFrame({"label": labels.astype(np.uint8), **columns})
    return SyntheticProblem(rows, tuple(tuple(f"x{i}" for i in combination) for combination in planted))


def synthetic_rows(config: SyntheticConfig) -> RawRows:
    """The problem as raw rows that go the way of any click log."""
    problem = make_synthetic(config)
    first_multi_hot = config.n_fields - config.multi_hot_fields

    def kind(field: int) -> Literal["numeric", "multi_hot", "categorical"]:
        if field >= first_multi_hot:
            return "multi_hot"
        return "numeric" if field < config.numeric_fields else "categorical"

    fields = tuple(FieldDescription(name=f"x{i}", kind=kind(i)) for i in range(config.n_fields))
    return RawRows("the synthetic problem", DataDescription(fields=fields), problem.rows.lazy(), problem.planted)


def _planted(config: SyntheticConfig, rng: np.random.Generator) -> list[tuple[int, ...]]:
    if config.planted is not None:
        return [tuple(sorted(combination)) for combination in config.planted]
    drawn = []
    for order, count in ((2, config.n_planted), (3, config.n_triples)):
        candidates = list(combinations(range(config.n_fields), order))
        drawn += [candidates[i] for i in sorted(rng.choice(len(candidates), size=count, replace=False))]
    return drawn


def _weights(config: SyntheticConfig, rng: np.random.Generator, field: int) -> NDArray[np.int64]:
    """Values of a field: [V, N], V the values that a cell may hold (1, or 3 for a multi-hot field; -1 is none)."""
    share = rng.dirichlet(np.full(config.n_values, 5.0))
    n = 3 if field >= config.n_fields - config.multi_hot_fields else 1
    values_VN = rng.choice(config.n_values, size=(n, config.n_rows), p=share)
    if n > 1:
        count_N = rng.integers(1, n + 1, config.n_rows)
        values_VN[np.arange(n)[:, None] >= count_N] = -1
    return values_VN


def _effect(fields: list[NDArray[np.int64]], v: NDArray[np.float64]) -> NDArray[np.float64]:
    """v at each row's joint value, averaged over the values of multi-hot cells: [N]."""
    total_N, count_N = np.zeros(fields[0].shape[1]), np.zeros(fields[0].shape[1])
    for places in np.ndindex(*(len(values) for values in fields)):
        chosen = [values[place] for values, place in zip(fields, places, strict=True)]
        is_there = np.all([value >= 0 for value in chosen], axis=0)
        total_N += np.where(is_there, v[tuple(chosen)], 0.0)
        count_N += is_there
    return total_N / count_N


def _column(config: SyntheticConfig, field: int, values_VN: NDArray[np.int64]) -> pl.Series:
    if len(values_VN) > 1:
        frame = pl.DataFrame({str(i): values for i, values in enumerate(values_VN)})
        named = [pl.when(pl.col(c) >= 0).then(pl.format("v{}", pl.col(c))) for c in frame.columns]
        return frame.select(pl.concat_str(named, separator="|", ignore_nulls=True).alias("cell"))["cell"]
    if field < config.numeric_fields:
        return pl.Series(values_VN[0].astype(np.float64))
    return pl.Series(values_VN[0]).cast(pl.String).str.replace("^", "v")
