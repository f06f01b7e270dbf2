"""Whether searches that differ in their seed agree (paper sec. 4.7.1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.stats import pearsonr

from autofis_kedro.errors import UserError
from autofis_kedro.selection import Selection
from autofis_kedro.selection.gates import field_columns


def alpha_correlation(gates: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Pearson correlation of alpha over interactions, for every two searches.

    Args:
        gates: the tables of the searches (``Gates.frame``), two or more.

    Returns:
        first, second (places of the searches), correlation.

    Raises:
        UserError: fewer than two searches, or searches over other interactions.
    """
    if len(gates) < 2:
        raise UserError(f"stability needs two searches or more: {len(gates)} given")
    fields = field_columns(gates[0])
    ordered = [table.sort(fields) for table in gates]
    if any(not table.select(fields).equals(ordered[0].select(fields)) for table in ordered):
        raise UserError("stability: the searches have different interactions; search on the same data set")
    alphas = np.stack([table["alpha"].to_numpy() for table in ordered])
    rows = [
        {"first": i, "second": j, "correlation": float(pearsonr(alphas[i], alphas[j]).statistic)}
        for i in range(len(alphas))
        for j in range(i + 1, len(alphas))
    ]
    return pl.DataFrame(rows)


def selection_frequency(selections: Sequence[Selection]) -> pl.DataFrame:
    """How often each interaction was kept: interaction (fields), kept (number of searches), share; most often first."""
    kept = [" × ".join(found.fields) for selection in selections for found in selection.interactions]
    counts = pl.DataFrame({"interaction": kept}, schema={"interaction": pl.String}).group_by("interaction").len("kept")
    share = (pl.col("kept") / len(selections)).alias("share")
    return counts.with_columns(share).sort(["kept", "interaction"], descending=[True, False])
