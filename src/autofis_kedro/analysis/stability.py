"""Whether searches that differ in their seed agree (paper sec. 4.7.1): on alpha, and on what is kept.

P interactions are candidates; a search keeps some of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field as Bounded
from scipy.stats import pearsonr

from autofis_kedro.config import Frozen, Options
from autofis_kedro.errors import UserError
from autofis_kedro.selection.gates import field_columns


class PublishedStability(Frozen):
    """Pearson correlation of alpha across seeds that the paper reports.

    Attributes:
        dataset: that it searched on.
        with_batch_norm: of AutoFM.
        without_batch_norm: of the same without batch norm on the interactions.
    """

    dataset: str
    with_batch_norm: float = Bounded(ge=-1, le=1)
    without_batch_norm: float = Bounded(ge=-1, le=1)


class StabilityConfig(Options):
    """The searches that are compared.

    Attributes:
        n_searches: with batch norm, and as many without it.
        published: what stands beside.
    """

    n_searches: int = Bounded(default=3, ge=2)
    published: PublishedStability


def alpha_correlation(gates: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Pearson correlation of alpha over interactions, for every two searches.

    Args:
        gates: the tables of the searches (``Gates.frame``), two or more.

    Returns:
        first, second (places of the searches), correlation (null where all alpha of a search are the same).

    Raises:
        UserError: fewer than two searches, or searches over other interactions.
    """
    alphas = [table["alpha"].to_numpy() for table in _aligned(gates)]
    return _of_every_two(alphas, "correlation", _pearson)


def selection_overlap(gates: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Jaccard index of what every two searches keep, and what two random selections of their sizes would have.

    Args:
        gates: the tables of the searches with a column ``kept``, two or more.

    Returns:
        first, second (places of the searches), overlap: interactions that both keep / that either keeps;
        overlap_by_chance: the same of the expected counts.

    Raises:
        UserError: as ``alpha_correlation``.
    """
    kept = [table["kept"].to_numpy() for table in _aligned(gates)]
    by_chance = _of_every_two(kept, "overlap_by_chance", _jaccard_by_chance)
    return _of_every_two(kept, "overlap", _jaccard).join(by_chance, on=["first", "second"])


def selection_frequency(gates: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """How often each interaction was kept; most often first, then by |alpha|.

    Args:
        gates: the tables of the searches with a column ``kept``, two or more.

    Returns:
        interaction, field_1, field_2 (, field_3), kept (number of searches), share (of the searches), mean_abs_alpha;
        every candidate, those that were never kept included.

    Raises:
        UserError: as ``alpha_correlation``.
    """
    aligned = _aligned(gates)
    fields = field_columns(aligned[0])
    counted = pl.concat([table.select(*fields, "alpha", "kept") for table in aligned]).group_by(fields)
    table = counted.agg(
        pl.col("kept").sum().cast(pl.Int32),
        pl.col("kept").mean().alias("share"),
        pl.col("alpha").abs().mean().alias("mean_abs_alpha"),
    )
    interaction = pl.concat_str(fields, separator=" × ").alias("interaction")
    order = {"kept": True, "mean_abs_alpha": True, "interaction": False}
    return table.select(interaction, pl.all()).sort(list(order), descending=list(order.values()))


def _aligned(gates: Sequence[pl.DataFrame]) -> list[pl.DataFrame]:
    """The tables in the same order of rows."""
    if len(gates) < 2:
        raise UserError(f"stability needs two searches or more: {len(gates)} given")
    fields = field_columns(gates[0])
    ordered = [table.sort(fields) for table in gates]
    if any(not table.select(fields).equals(ordered[0].select(fields)) for table in ordered):
        raise UserError("stability: the searches have different interactions; search on the same data set")
    return ordered


def _of_every_two(
    columns: Sequence[NDArray[Any]], name: str, measure: Callable[[NDArray[Any], NDArray[Any]], float | None]
) -> pl.DataFrame:
    rows = [(i, j, measure(columns[i], columns[j])) for i, j in combinations(range(len(columns)), 2)]
    return pl.DataFrame(rows, schema={"first": pl.Int64, "second": pl.Int64, name: pl.Float64}, orient="row")


def _pearson(first_P: NDArray[np.float64], second_P: NDArray[np.float64]) -> float | None:
    if np.ptp(first_P) == 0 or np.ptp(second_P) == 0:
        return None
    return float(pearsonr(first_P, second_P).statistic)


def _jaccard(first_P: NDArray[np.bool_], second_P: NDArray[np.bool_]) -> float:
    return float((first_P & second_P).sum() / (first_P | second_P).sum())


def _jaccard_by_chance(first_P: NDArray[np.bool_], second_P: NDArray[np.bool_]) -> float:
    both = first_P.sum() * second_P.sum() / len(first_P)
    return float(both / (first_P.sum() + second_P.sum() - both))
