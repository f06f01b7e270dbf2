"""The online stage from the command line, on few rows."""

import json

import numpy as np
import polars as pl
import pytest

from autofis_kedro.roster import CONSTANT, ONLINE, RANKED
from tests.kedro_project import TINY, kedro_run, newest

FEW = (
    f"{TINY},online.experiment.candidates=8,online.experiment.slots=3,online.experiment.users_per_day=40,"
    "online.experiment.requests_per_day=80,online.latency.requests=20,online.latency.warm_up=2"
)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    return folder, kedro_run(folder, "--pipeline", "online", "--params", FEW)


def table_of(folder, name, dataset="synthetic"):
    return json.loads(next(newest(folder, f"08_reporting/{dataset}/{name}").glob("*.json")).read_text())


def test_a_fresh_folder_comes_to_both_tables(simulated):
    folder, result = simulated
    assert result.returncode == 0, result.stdout
    latency, test = table_of(folder, "online_latency"), table_of(folder, "online_ab_test")
    assert [row["model"] for row in latency["rows"]] == list(RANKED)
    assert [row["days"] for row in test["rows"]] == ["1-7", "8-17", "18-24"] * 2
    assert "Simulated A/B test" in result.stdout
    compared = pl.read_parquet(newest(folder, "08_reporting/synthetic/comparison.parquet"))
    assert set(compared["model"]) == {*ONLINE, CONSTANT}


def test_the_market_is_explained(simulated):
    market = json.loads(newest(simulated[0], "08_reporting/synthetic/online_market.json").read_text())
    assert market["is_simulated"]
    assert market["user_fields"] == ["x0", "x1", "x2"]
    assert market["planted_of_user_and_item"] == [["x2", "x5"]]


def test_another_run_simulates_the_same_days(simulated):
    folder, _ = simulated
    place = "08_reporting/synthetic/online_days.parquet"
    before = newest(folder, place)
    again = kedro_run(folder, "--pipeline", "online", "--nodes", "simulate_ab_test", "--params", FEW)
    assert again.returncode == 0, again.stdout
    assert newest(folder, place) != before
    assert pl.read_parquet(newest(folder, place)).equals(pl.read_parquet(before))


def test_a_real_log_is_timed_and_told_before_training_that_clicks_are_unknown(tmp_path):
    rng = np.random.default_rng(0)
    n = 1_500
    fields = {"user": [f"u{i}" for i in rng.integers(0, 20, n)], "item": [f"i{i}" for i in rng.integers(0, 20, n)]}
    tags = np.array(["a", "b", "a|b"])
    times = [f"2020-01-{1 + i % 28:02} {i % 24:02}:00:00" for i in rng.integers(0, 999, n)]
    fields |= {"price": rng.random(n).round(2), "tags": rng.choice(tags, n), "time": times}
    pl.DataFrame({"label": rng.integers(0, 2, n), **fields}).write_csv(tmp_path / "log.csv")
    given = FEW.partition(",")[2] + f",raw_path={tmp_path / 'log.csv'}"
    result = kedro_run(tmp_path, "--env", "own", "--pipeline", "online", "--params", given)
    assert result.returncode == 0, result.stdout
    said, trained = result.stdout.index("Not simulated"), result.stdout.index("deepfm, seed 0: epoch 1")
    assert said < trained
    assert len(table_of(tmp_path, "online_latency", "own")["rows"]) == len(RANKED)
    assert "unknown" in table_of(tmp_path, "online_ab_test", "own")["notes"][0]
    assert pl.read_parquet(newest(tmp_path, "08_reporting/own/online_days.parquet")).is_empty()


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ("online.experiment.slots=100", "slots 100 must be fewer than candidates 100"),
        ("online.experiment.slotz=3", "did you mean 'slots'"),
        ("online.latency.requests=few", "online.latency.requests"),
        ("online.experiment.user_fields=[x8]", "field 'x8' does not exist"),
    ],
)
def test_a_mistake_is_told_before_any_training(tmp_path, params, said):
    result = kedro_run(tmp_path, "--pipeline", "online", "--params", f"{TINY},{params}")
    assert result.returncode == 1
    assert said in " ".join(result.stdout.split())
    assert "epoch 1" not in result.stdout
