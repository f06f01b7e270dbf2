"""Is a difference more than chance: over seeds (the paper's t-test) and over rows. scipy does the statistics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from autofis_kedro.config import Frozen
from autofis_kedro.errors import UserError


class Comparison(Frozen):
    """A model against another on the same seeds.

    Attributes:
        difference: mean of first minus second.
        standard_error: of that mean.
        p: of the two-sided test that it is 0.
        n: pairs compared.
    """

    difference: float
    standard_error: float
    p: float
    n: int


def paired_t_test(first: Sequence[float], second: Sequence[float]) -> Comparison | None:
    """Paired t-test over seeds; None with fewer than two, which say nothing about chance.

    Raises:
        UserError: different numbers of seeds.
    """
    if len(first) != len(second):
        raise UserError(f"{len(first)} and {len(second)} seeds: a paired test needs the same seeds")
    if len(first) < 2:
        return None
    difference = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    error = float(difference.std(ddof=1) / np.sqrt(len(difference)))
    # scipy gives nan where all differences are equal
    p = float(stats.ttest_rel(first, second).pvalue) if error > 0 else float(difference.mean() == 0)
    return Comparison(difference=float(difference.mean()), standard_error=error, p=p, n=len(difference))


def paired_rows(first_N: NDArray[np.float64], second_N: NDArray[np.float64]) -> Comparison:
    """Mean difference of per-row losses with its standard error and normal p: one seed, many rows.

    Raises:
        UserError: different numbers of rows, or fewer than two.
    """
    if len(first_N) != len(second_N) or len(first_N) < 2:
        raise UserError(f"{len(first_N)} and {len(second_N)} rows: need the same number, at least 2")
    difference_N = first_N - second_N
    error = float(difference_N.std(ddof=1) / np.sqrt(len(difference_N)))
    mean = float(difference_N.mean())
    p = float(2 * stats.norm.sf(abs(mean) / error)) if error > 0 else float(mean == 0)
    return Comparison(difference=mean, standard_error=error, p=p, n=len(difference_N))
