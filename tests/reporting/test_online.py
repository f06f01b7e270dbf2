"""Tables and figures of the online stage say what the days and latencies say, and what is not known."""

import numpy as np
import polars as pl
import pytest

from autofis_kedro.analysis.online import DAYS, run_experiment
from autofis_kedro.evaluation.metrics import Metrics
from autofis_kedro.reporting.exports import latex, markdown
from autofis_kedro.reporting.online_plots import improvement_by_day, latency_distribution
from autofis_kedro.reporting.online_tables import (
    NO_MARKET,
    SIMULATED,
    PublishedOnline,
    ab_test_table,
    latency_table,
    rankings_table,
)
from autofis_kedro.reporting.rows import ModelMetrics
from tests.analysis.online.small import SMALL, TRUTH, score

PUBLISHED = PublishedOnline(latency="soon", machine="a machine", ctr_test="c %", cvr_test="v %", quiet="q %")
NO_DAYS = pl.DataFrame(schema=DAYS)


@pytest.fixture(scope="module")
def days():
    return run_experiment(TRUTH, score, "blind", "truth", SMALL)


def rows_of(table, **given):
    return [row for row in table.rows if all(row[key] == value for key, value in given.items())]


def test_the_test_is_summed_by_phase(days):
    table = ab_test_table(days, PUBLISHED, 0.95)
    assert [row["days"] for row in rows_of(table, measure="CTR")] == ["1-7", "8-17", "18-24"]
    part = days.filter(pl.col("phase") == "A/B")
    for measure, below, words in (("ctr", "impressions", "c %"), ("cvr", "users", "v %")):
        (row,) = rows_of(table, measure=measure.upper(), phase="A/B")
        assert row["control"] == pytest.approx(part["control_clicks"].sum() / part[f"control_{below}"].sum())
        assert row["gain"] == pytest.approx(part[f"{measure}_improvement"].mean())
        error = np.sqrt((part[f"{measure}_standard_error"] ** 2).sum()) / len(part)
        assert row["high"] - row["low"] == pytest.approx(2 * 1.959964 * error)
        assert row["published"] == words
    assert {row["published"] for row in rows_of(table, phase="A/A after")} == {"q %"}
    assert SIMULATED in table.notes
    assert "imulated" in table.title


def test_rankings_stand_between_random_and_perfect(days):
    rows = {row["ranking"].split()[0]: row for row in rankings_table(days).rows}
    assert rows["random"]["share"] == 0
    assert rows["perfect"]["share"] == rows["truth"]["share"] == 1
    assert rows["blind"]["gain"] == 0
    part = days.filter(pl.col("phase") == "A/B")
    assert rows["truth"]["ctr"] == pytest.approx(part["expected_ctr_treatment"].mean())


def test_without_a_market_tables_and_figures_say_why():
    for table in (ab_test_table(NO_DAYS, PUBLISHED, 0.95), rankings_table(NO_DAYS)):
        assert table.notes == (NO_MARKET,)
        assert NO_MARKET in markdown(table)
        assert "tabular" in latex(table)
    assert rows_of(ab_test_table(NO_DAYS, PUBLISHED, 0.95), measure="CTR")[0]["published"] == "c %"
    figure = improvement_by_day(NO_DAYS, "ctr", 0.95)
    assert "Not simulated" in figure.layout.annotations[0].text


@pytest.mark.parametrize("measure", ["ctr", "cvr"])
def test_the_figure_has_every_day_and_three_phases(days, measure):
    figure = improvement_by_day(days, measure, 0.95)
    (line,) = [trace for trace in figure.data if trace.name and trace.name.startswith("day")]
    assert list(line.x) == list(range(1, 25))
    assert np.allclose(np.array(line.y) + line.error_y.array, days[f"{measure}_high"])
    assert np.allclose(np.array(line.y) - line.error_y.arrayminus, days[f"{measure}_low"])
    bands = sorted((s.x0, s.x1) for s in figure.layout.shapes if s.type == "rect")
    assert bands == [(0.5, 7.5), (7.5, 17.5), (17.5, 24.5)]
    assert figure.layout.title.text.startswith("SIMULATION")


def test_a_day_without_clicks_is_left_out():
    none = run_experiment(TRUTH, score, "blind", "truth", SMALL.model_copy(update={"requests_per_day": 4}))
    assert none["ctr_improvement"].null_count() > 0
    assert len(ab_test_table(none, PUBLISHED, 0.95).cells()) == 6
    improvement_by_day(none, "ctr", 0.95)


def model(name):
    metrics = (Metrics(auc=0.9, log_loss=0.3, calibration=1, rows=9, positive_share=0.5),)
    rest = {"kept": 2, "candidates": 6, "parameters": 10, "rows_per_second": 1e5, "train_seconds": 3.0}
    return ModelMetrics(model=name, valid=metrics, test=metrics, **rest)


def test_latencies_are_quantiles_and_ratios_by_request():
    rng = np.random.default_rng(0)
    slow = rng.lognormal(size=200)
    given = {"slow": slow, "fast": slow / 2}
    frame = pl.DataFrame(
        [{"request": i, "model": name, "milliseconds": given[name][i]} for i in range(200) for name in given]
    ).with_columns(candidates=pl.lit(50), threads=pl.lit(1), processor=pl.lit("a processor"))
    table = latency_table(frame, {name: model(name) for name in given}, PUBLISHED, "slow", "criteo")
    by_name = {row["model"]: row for row in table.rows}
    assert by_name["fast"]["ratio"] == pytest.approx(0.5)
    assert by_name["slow"]["p99"] == pytest.approx(np.quantile(slow, 0.99))
    assert "criteo" in table.title
    assert any("a processor" in note for note in table.notes)
    dots = [trace for trace in latency_distribution(frame, "soon").data if trace.mode == "markers"]
    assert np.allclose(dots[0].x, np.quantile(slow, [0.5, 0.99]))
