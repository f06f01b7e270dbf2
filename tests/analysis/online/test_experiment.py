"""A simulated test tells what is there, and nothing else."""

import numpy as np
import polars as pl
import pytest

from autofis_kedro.analysis.online import DAYS, ExperimentConfig, run_experiment
from autofis_kedro.analysis.online.experiment import AFTER, BEFORE, TEST
from autofis_kedro.analysis.online.market import Market, shown
from autofis_kedro.errors import UserError
from tests.analysis.online.small import SMALL, TRUTH, score, truly

MANY = {"users_per_day": 600, "requests_per_day": 1200}
"""The intervals are for many users."""


def run(control, treatment, **changes):
    return run_experiment(TRUTH, score, control, treatment, SMALL.model_copy(update=changes))


def test_intervals_of_equal_arms_cover_zero_as_often_as_promised():
    days = run("fixed", "fixed", days_before=250, days_test=250, days_after=100, confidence=0.9, **MANY)
    for measure in ("ctr", "cvr"):
        covered = (days[f"{measure}_low"] <= 0) & (days[f"{measure}_high"] >= 0)
        # of 600 days at 90 % the standard deviation is 1.2 %
        assert covered.mean() == pytest.approx(0.9, abs=0.04)
        standardised = days[f"{measure}_improvement"] / days[f"{measure}_standard_error"]
        assert abs(standardised.mean()) < 0.17
        assert standardised.std() == pytest.approx(1, abs=0.12)


def test_intervals_of_different_arms_cover_the_true_improvement():
    days = run("blind", "truth", days_test=300, **MANY).filter(pl.col("phase") == TEST)
    true = days["expected_ctr_treatment"].mean() / days["expected_ctr_control"].mean() - 1
    covered = (days["ctr_low"] <= true) & (days["ctr_high"] >= true)
    assert covered.mean() == pytest.approx(0.95, abs=0.045)


def test_ranking_by_the_truth_beats_ranking_blindly_on_the_test_days_alone():
    days = run("blind", "truth", **MANY)
    tested = days.filter(pl.col("phase") == TEST)
    assert (tested["ctr_low"] > 0).all()
    assert (tested["cvr_improvement"] > 0).all()
    quiet = days.filter(pl.col("phase") != TEST)
    assert quiet["ctr_improvement"].abs().mean() < tested["ctr_improvement"].min()
    assert (quiet["experimental_model"] == "blind").all()
    assert (tested["experimental_model"] == "truth").all()
    assert (days["control_model"] == "blind").all()


def test_the_days_are_the_papers():
    days = run("fixed", "fixed")
    assert days["day"].to_list() == list(range(1, 25))
    assert days["phase"].to_list() == [BEFORE] * 7 + [TEST] * 10 + [AFTER] * 7
    assert dict(days.schema) == DAYS


def test_expected_ctrs_are_those_of_what_is_shown():
    days = run("blind", "truth")
    assert days["expected_ctr_perfect"].equals(days["expected_ctr_treatment"])
    assert (days["expected_ctr_perfect"] > days["expected_ctr_control"]).all()
    # a blind choice shows what there is
    assert days["expected_ctr_control"].mean() == pytest.approx(days["expected_ctr_random"].mean(), abs=0.01)
    assert days["control_ctr"].mean() == pytest.approx(days["expected_ctr_control"].mean(), abs=0.015)


def test_counts_agree_with_the_ratios():
    days = run("blind", "truth", days_before=1, days_test=1, days_after=1)
    for row in days.iter_rows(named=True):
        impressions = sum(row[f"{group}_impressions"] for group in ("control", "experimental"))
        assert impressions == SMALL.requests_per_day * SMALL.slots
        for group in ("control", "experimental"):
            assert row[f"{group}_ctr"] == pytest.approx(row[f"{group}_clicks"] / row[f"{group}_impressions"])
            assert row[f"{group}_cvr"] == pytest.approx(row[f"{group}_clicks"] / row[f"{group}_users"])


def test_a_seed_is_its_days():
    assert run("blind", "truth").equals(run("blind", "truth"))
    assert not run("blind", "truth").equals(run("blind", "truth", seed=1))
    # a longer test begins like a shorter one
    longer, shorter = run("blind", "truth", days_after=9), run("blind", "truth")
    assert longer.head(24).equals(shorter)


def test_a_request_is_one_user_before_many_items():
    visits = Market(TRUTH, SMALL).visits(1)
    by_request = visits.rows.with_columns(request=np.repeat(np.arange(300), 8)).group_by("request").n_unique()
    assert (by_request.select("x0", "x1", "x2") == 1).to_numpy().all()
    assert (by_request.select("x3", "x4", "x5").mean().to_numpy() > 3).all()
    assert np.allclose(visits.probability_RC.ravel(), truly(visits.rows))
    users = visits.rows.gather_every(8).with_columns(user=visits.user_R).group_by("user").n_unique()
    assert (users.select("x0", "x1", "x2") == 1).to_numpy().all(), "a user stays the same all day"


def test_the_highest_scores_are_shown():
    rng = np.random.default_rng(0)
    scores, probability = rng.normal(size=(50, 9)), rng.random((50, 9))
    by_sorting = np.take_along_axis(probability, np.argsort(-scores, axis=1)[:, :4], axis=1)
    assert np.array_equal(np.sort(shown(scores, probability, 4)), np.sort(by_sorting))
    with pytest.raises(UserError, match="not a finite number"):
        shown(np.full((2, 3), np.nan), np.zeros((2, 3)), 1)


def test_what_makes_no_market_is_named():
    with pytest.raises(UserError, match="'x9' does not exist; there are: x0"):
        Market(TRUTH, SMALL.model_copy(update={"user_fields": ("x0", "x9")}))
    with pytest.raises(UserError, match="every field"):
        Market(TRUTH, SMALL.model_copy(update={"user_fields": tuple(f"x{i}" for i in range(6))}))
    with pytest.raises(ValueError, match="slots 5 must be fewer than candidates 5"):
        ExperimentConfig(candidates=5, slots=5)
    with pytest.raises(ValueError, match="days_test"):
        ExperimentConfig(days_test=0)
