"""What an interaction means: the joint values that raise or lower the rate beyond what their fields do.

A joint value's effect is the change of the logit, on top of the additive base and of the other kept crosses, with
which the base predicts as many positives among its rows as there are; the mean effect of each lower-order value is
taken out of it.

Shapes: C cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import norm

from autofis_kedro.evidence import meaning_numba
from autofis_kedro.evidence.base import Base
from autofis_kedro.evidence.columns import Columns, Float
from autofis_kedro.evidence.row_cells import row_cells
from autofis_kedro.evidence.testing import Fields

LEAST_INFORMATION = 5.0
"""H of the joint values that are shown: below it the sign of an effect is often wrong."""
ROUNDS = 20
COVERAGE = 0.95


@dataclass(frozen=True)
class JointValues:
    """Effects of the joint values of one interaction.

    Attributes:
        fields: positions.
        value_FC: number of the value of each field, in the order of ``fields``.
        effect_C: log-odds ratio beyond the lower-order effects, unshrunk.
        error_C: its standard error.
        shrunk_C: the same shrunken by empirical Bayes: what to rank by.
        rows_C: rows.
        positives_C: of them.
        expected_C: positives that the lower-order effects expect.
    """

    fields: Fields
    value_FC: NDArray[np.int32]
    effect_C: Float
    error_C: Float
    shrunk_C: Float
    rows_C: NDArray[np.int64]
    positives_C: NDArray[np.int64]
    expected_C: Float

    def table(self) -> pl.DataFrame:
        """The joint values that carry enough information, the largest shrunken effects first.

        Columns: value_1, value_2 (, value_3) (numbers), odds_ratio, low, high (its 95 % interval), rows, positives,
        expected, p_corrected (two-sided, times the joint values shown), log_odds_shrunk.
        """
        is_shown = self.error_C**-2 > LEAST_INFORMATION
        half = norm.ppf(0.5 + COVERAGE / 2) * self.error_C
        p_C = 2.0 * norm.sf(np.abs(self.effect_C / self.error_C))
        values = {f"value_{place + 1}": value_C for place, value_C in enumerate(self.value_FC)}
        frame = pl.DataFrame(
            values
            | {
                "odds_ratio": np.exp(self.effect_C),
                "low": np.exp(self.effect_C - half),
                "high": np.exp(self.effect_C + half),
                "rows": self.rows_C,
                "positives": self.positives_C,
                "expected": self.expected_C,
                "p_corrected": np.minimum(1.0, p_C * max(int(is_shown.sum()), 1)),
                "log_odds_shrunk": self.shrunk_C,
            }
        )
        return frame.filter(pl.Series(is_shown)).sort(pl.col("log_odds_shrunk").abs(), descending=True)


def joint_values(columns: Columns, base: Base, fields: Fields, effect_variance: float) -> JointValues:
    """Effects of the joint values of at least two rows.

    Args:
        columns: the rows.
        base: with the other kept crosses, without this one.
        fields: positions, ascending.
        effect_variance: ``Score.effect_variance``: how far effects spread, which decides how much they are shrunk.
    """
    cells = row_cells(columns, fields)
    p_N, labels_N = base.p_N[cells.order_N], columns.labels_N[cells.order_N]
    rows_C, positives_C, expected_C, effect_C, information_C = meaning_numba.cell_effects(
        cells.cell_N, p_N, labels_N, cells.n_cells
    )
    weighted_C = effect_C * information_C
    cells.remove_margins(weighted_C, information_C, ROUNDS)
    shrunk_C = weighted_C / (information_C + 1.0 / max(effect_variance, 1e-9))
    return JointValues(
        fields,
        cells.value_FC,
        weighted_C / information_C,
        information_C**-0.5,
        shrunk_C,
        rows_C,
        positives_C,
        expected_C,
    )
