"""A simulated A/A - A/B - A/A experiment (the paper's Figures 6 and 7): two groups of users, two rankings.

Shapes: R requests of a day, C candidates of a request, S slots, U users of a group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from autofis_kedro.analysis.online.config import ExperimentConfig
from autofis_kedro.analysis.online.market import Market, Visits, shown
from autofis_kedro.data.click_model import ClickModel
from autofis_kedro.evaluation.ratio import Improvement, Ratio, improvement, ratio_over_users

Float64 = NDArray[np.float64]
Score = Callable[[pl.DataFrame], Mapping[str, NDArray[np.floating]]]
"""Typed rows to a score of every row, by model."""

BEFORE, TEST, AFTER = "A/A before", "A/B", "A/A after"
PHASES = (BEFORE, TEST, AFTER)

_GROUP = {"users": pl.Int64, "impressions": pl.Int64, "clicks": pl.Int64, "ctr": pl.Float64, "cvr": pl.Float64}
_IMPROVEMENT = ("improvement", "standard_error", "low", "high")
DAYS = (
    {"day": pl.Int64, "phase": pl.String, "control_model": pl.String, "experimental_model": pl.String}
    | {f"{group}_{key}": kind for group in ("control", "experimental") for key, kind in _GROUP.items()}
    | {f"{measure}_{key}": pl.Float64 for measure in ("ctr", "cvr") for key in _IMPROVEMENT}
    | {f"expected_ctr_{ranking}": pl.Float64 for ranking in ("random", "control", "treatment", "perfect")}
)
"""Columns of the table of days."""


def run_experiment(
    truth: ClickModel, score: Score, control: str, treatment: str, config: ExperimentConfig
) -> pl.DataFrame:
    """Day by day: what both groups saw and clicked.

    The control group is ranked by ``control`` on all days, the experimental group by ``treatment`` on the A/B days and
    by ``control`` on the others. CTR is #clicks / #impressions; CVR is #clicks / #users, users being those who came
    that day: a click stands for the paper's download.

    Args:
        truth: from which users, candidates and clicks are drawn.
        score: scores rows by both models.
        control: the model of the control group.
        treatment: the model that is tested.
        config: sizes, days, seed.

    Returns:
        One row per day with the columns ``DAYS``. ``expected_ctr_*`` are true click probabilities of what each ranking
        would show to all users of the day, of both groups: the same requests, without the chance of clicks. What
        cannot be told, as an improvement over no clicks at all, is null.

    Raises:
        UserError: the fields do not exist, or a score is not a number.
    """
    market = Market(truth, config)
    rows = [
        _day(market.visits(day), score, (control, treatment), day, phase, config)
        for day, phase in phase_of_days(config)
    ]
    return pl.DataFrame(rows, schema=DAYS).fill_nan(None)


def phase_of_days(config: ExperimentConfig) -> Iterator[tuple[int, str]]:
    """Every day from 1 and its phase."""
    lengths = (config.days_before, config.days_test, config.days_after)
    phases = [phase for phase, length in zip(PHASES, lengths, strict=True) for _ in range(length)]
    yield from enumerate(phases, start=1)


def _day(
    visits: Visits, score: Score, models: tuple[str, str], day: int, phase: str, config: ExperimentConfig
) -> dict[str, object]:
    control, treatment = models
    scores = score(visits.rows)
    truth_RC = visits.probability_RC
    shown_RS = {model: shown(scores[model].reshape(truth_RC.shape), truth_RC, config.slots) for model in models}
    tested = treatment if phase == TEST else control
    rng = np.random.default_rng([config.seed, day, 1])  # not the stream that the visits were drawn from
    groups = {
        "control": _group(visits, ~visits.in_experiment_U, shown_RS[control], rng),
        "experimental": _group(visits, visits.in_experiment_U, shown_RS[tested], rng),
    }
    counts = {f"{name}_{key}": value for name, group in groups.items() for key, value in _counts(*group).items()}
    named = {"day": day, "phase": phase, "control_model": control, "experimental_model": tested}
    expected = {
        "expected_ctr_random": float(truth_RC.mean()),
        "expected_ctr_control": float(shown_RS[control].mean()),
        "expected_ctr_treatment": float(shown_RS[treatment].mean()),
        "expected_ctr_perfect": float(shown(truth_RC, truth_RC, config.slots).mean()),
    }
    return named | counts | _improvements(groups, config.confidence) | expected


def _group(
    visits: Visits, is_in_U: NDArray[np.bool_], shown_RS: Float64, rng: np.random.Generator
) -> tuple[Float64, Float64]:
    """Clicks and impressions of each user of a group who came."""
    is_in_R = is_in_U[visits.user_R]
    seen_RS, user_R = shown_RS[is_in_R], visits.user_R[is_in_R]
    clicks_R = (rng.random(seen_RS.shape) < seen_RS).sum(axis=1)
    requests_U = np.bincount(user_R, minlength=len(is_in_U))
    clicks_U = np.bincount(user_R, weights=clicks_R, minlength=len(is_in_U))
    came = requests_U > 0
    return clicks_U[came].astype(np.float64), requests_U[came].astype(np.float64) * shown_RS.shape[1]


def _counts(clicks_U: Float64, impressions_U: Float64) -> dict[str, float]:
    ctr, cvr = _ratios(clicks_U, impressions_U)
    users, impressions, clicks = len(clicks_U), int(impressions_U.sum()), int(clicks_U.sum())
    return {"users": users, "impressions": impressions, "clicks": clicks, "ctr": ctr.value, "cvr": cvr.value}


def _ratios(clicks_U: Float64, impressions_U: Float64) -> tuple[Ratio, Ratio]:
    """CTR and CVR."""
    return ratio_over_users(clicks_U, impressions_U), ratio_over_users(clicks_U, np.ones_like(clicks_U))


def _improvements(groups: Mapping[str, tuple[Float64, Float64]], confidence: float) -> dict[str, float]:
    pairs = zip(_ratios(*groups["experimental"]), _ratios(*groups["control"]), strict=True)
    found: dict[str, float] = {}
    for measure, (experimental, control) in zip(("ctr", "cvr"), pairs, strict=True):
        gain: Improvement = improvement(experimental, control, confidence)
        numbers = (gain.value, gain.standard_error, gain.low, gain.high)
        found |= {f"{measure}_{key}": value for key, value in zip(_IMPROVEMENT, numbers, strict=True)}
    return found
