"""The paper's synthetic problem (Eq. 16-17): only the planted combinations of fields interact."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
import polars as pl
from pydantic import Field as Bounded
from pydantic import model_validator

from autofis_kedro.config import Options, Seed
from autofis_kedro.data.click_model import ClickModel, draw_values
from autofis_kedro.data.description import DataDescription
from autofis_kedro.data.fields import FieldDescription
from autofis_kedro.data.reading import RawRows


class SyntheticConfig(Options):
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
    seed: Seed = 0

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
        click_model: what the labels were drawn from.
    """

    rows: pl.DataFrame
    planted: tuple[tuple[str, ...], ...]
    click_model: ClickModel


def make_synthetic(config: SyntheticConfig) -> SyntheticProblem:
    """Draw p(x), w, v, C and then the rows, all from the seed.

    p(x) of each field is Dirichlet(5), w and v are standard normal per value and joint value, and y is 1 where
    the sum of linear terms, planted terms and noise reaches the quantile that gives ``positive_share``.
    """
    rng = np.random.default_rng(config.seed)
    planted = _planted(config, rng)
    description = _description(config)
    shares, values = [], {}
    for i, field in enumerate(description.fields):
        shares.append(rng.dirichlet(np.full(config.n_values, 5.0)))
        values[i] = draw_values(rng, shares[i], config.n_rows, is_multi_hot=field.kind == "multi_hot")
    terms: list[tuple[int, ...]] = [*((i,) for i in range(config.n_fields)), *planted]
    effects = [(fields, rng.normal(size=(config.n_values,) * len(fields))) for fields in terms]
    truth = ClickModel(description, tuple(shares), tuple(effects), config.noise, threshold=0.0)
    sum_N = truth.score(values) + config.noise * rng.normal(size=config.n_rows)
    threshold = float(np.quantile(sum_N, 1 - config.positive_share))
    labels = (sum_N >= threshold).astype(np.uint8)
    rows = pl.DataFrame({"label": labels, **truth.raw_columns(values)})
    names = tuple(tuple(f"x{i}" for i in combination) for combination in planted)
    return SyntheticProblem(rows, names, replace(truth, threshold=threshold))


def synthetic_rows(config: SyntheticConfig) -> RawRows:
    """The problem as raw rows that go the way of any click log."""
    problem = make_synthetic(config)
    return RawRows(
        "the synthetic problem",
        problem.click_model.description,
        problem.rows.lazy(),
        problem.planted,
        click_model=problem.click_model,
    )


def _description(config: SyntheticConfig) -> DataDescription:
    first_multi_hot = config.n_fields - config.multi_hot_fields

    def kind(field: int) -> Literal["numeric", "multi_hot", "categorical"]:
        if field >= first_multi_hot:
            return "multi_hot"
        return "numeric" if field < config.numeric_fields else "categorical"

    return DataDescription(fields=tuple(FieldDescription(name=f"x{i}", kind=kind(i)) for i in range(config.n_fields)))


def _planted(config: SyntheticConfig, rng: np.random.Generator) -> list[tuple[int, ...]]:
    if config.planted is not None:
        return [tuple(sorted(combination)) for combination in config.planted]
    drawn = []
    for order, count in ((2, config.n_planted), (3, config.n_triples)):
        candidates = list(combinations(range(config.n_fields), order))
        drawn += [candidates[i] for i in sorted(rng.choice(len(candidates), size=count, replace=False))]
    return drawn
