"""Do the joint values say something beyond the lower-order effects? A variance-component score test.

The form of SKAT (Wu et al. 2011): under the alternative every joint value has an effect of its own, drawn with a
variance; under the null that variance is 0. With M the kernel over rows (each joint value weighted, the lower-order
effects projected out), y - p the residuals and v their variances,

    Q = sum over i != j of M_ij (y - p)_i (y - p)_j,

the diagonal left out so that Q has mean 0 whatever the variances are. Its second and third cumulant under the null
give z and, by a Pearson III distribution, p.

Letters: C cells; w = 1 / (H + SHRINKAGE); d = w H; x = w H^2; P the projection onto the margins in the metric of H;
T = w^1/2 (H - H P H) w^1/2, of which all moments are made: tr(M H)^k = tr T^k, M_cc = (T^2)_cc / (w H^2).
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy.stats import pearson3

from autofis_kedro.evidence import cells_numba as loops
from autofis_kedro.evidence.cells import Cells
from autofis_kedro.evidence.columns import Float

SHRINKAGE = 10.0
"""Added to H in a joint value's weight: one of few rows counts less."""


@dataclass(frozen=True)
class Moments:
    """Of a kernel, cell by cell and in all.

    Attributes:
        score_C: G~, the cells' sums of y - p without the lower-order effects.
        diagonal_C: M_cc, of a row with itself.
        square_trace: tr (M H)^2.
        cube_trace: tr (M H)^3.
        sandwich_C: (M H M)_cc.
        noise: variance of sum M_cc u_c where the diagonal is estimated by draws.
    """

    score_C: Float
    diagonal_C: Float
    square_trace: float
    cube_trace: float
    sandwich_C: Float
    noise: float = 0.0


@dataclass(frozen=True)
class Score:
    """The test of one tuple of fields.

    Attributes:
        q: the statistic.
        variance: of q under the null.
        skewness: of q under the null.
        z: q in standard deviations.
        p: probability of such a q or a larger one under the null, uncorrected.
        n_cells: joint values of at least two rows.
        share_alone: share of the rows that have their joint value to themselves, which the test cannot use.
        per_effect: q's mean where the joint values' effects have variance 1 (nats^2).
    """

    q: float
    variance: float
    skewness: float
    z: float
    p: float
    n_cells: int
    share_alone: float
    per_effect: float = 0.0

    @property
    def effect_variance(self) -> float:
        """Moment estimate of the variance of the joint values' effects, in nats^2; at least 0."""
        return max(0.0, self.q / self.per_effect) if self.per_effect > 0 else 0.0


def weights_of(cells: Cells) -> Float:
    """w of each cell."""
    weights: Float = 1.0 / (cells.sums_C7[:, loops.H] + SHRINKAGE)
    return weights


def nothing(cells: Cells) -> Score:
    """No degree of freedom is left beyond the margins: nothing can be seen."""
    return Score(0.0, 0.0, 0.0, 0.0, 1.0, cells.n_cells, cells.share_alone)


def judged(cells: Cells, moments: Moments) -> Score:
    """Statistic, cumulants and p out of a kernel's moments.

    E[(y - p)_i^2] is estimated by g_i^2 and what the fitted lower-order effects took of it.
    """
    sums = cells.sums_C7
    own_C = sums[:, loops.G2] + sums[:, loops.H2] * cells.leverage_C
    k_C, h2_C, h3_C = moments.diagonal_C, sums[:, loops.H2], sums[:, loops.H3]
    q = float((weights_of(cells) * moments.score_C**2 - k_C * own_C).sum())
    variance = 2.0 * (moments.square_trace - float((k_C**2 * h2_C).sum())) + moments.noise
    if variance <= 1e-10 * max(moments.square_trace, 1e-300):
        return nothing(cells)
    distinct = (
        moments.cube_trace - 3.0 * float((k_C * moments.sandwich_C * h2_C).sum()) + 2.0 * float((k_C**3 * h3_C).sum())
    )
    third_C = sums[:, loops.M3] ** 2 - (h2_C - 4.0 * h3_C)  # sums of m3 over pairs of different rows of a cell
    kappa3 = 8.0 * distinct + 4.0 * float((k_C**3 * third_C).sum())
    z, skewness = q / variance**0.5, kappa3 / variance**1.5
    p = float(pearson3.sf(z, skewness))
    # effects of variance t give q the mean t * sum over rows i != j of a cell of M_ij h_i h_j
    per_effect = float((k_C * (sums[:, loops.H] ** 2 - h2_C)).sum())
    return Score(q, variance, skewness, z, p, cells.n_cells, cells.share_alone, per_effect)
