"""The pipeline stability: from raw rows to its table, and on after a kill."""

import json
import signal

import numpy as np
import polars as pl
import pytest

from tests.kedro_project import TINY, kedro_run, kedro_started, newest

# a low threshold: on so few rows it would close every gate without batch norm
SMALL = f"{TINY},search.final_threshold=0.3,stability.n_searches=2,checkpoints.minutes=0.0"
STABILITY = ("--pipeline", "stability", "--params", SMALL)


def results(folder):
    reporting = "08_reporting/synthetic"
    gates = pl.read_parquet(newest(folder, f"{reporting}/stability_gates.parquet"))
    frequency = pl.read_parquet(newest(folder, f"{reporting}/selection_frequency.parquet"))
    table = json.loads((newest(folder, f"{reporting}/stability") / "stability.json").read_text())
    return gates, frequency, {row["variant"]: row for row in table["rows"]}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stability")
    return folder, kedro_run(folder, *STABILITY)


def test_the_table_is_that_of_the_gates(finished):
    folder, result = finished
    assert result.returncode == 0, result.stdout
    assert "Stability of alpha across seeds" in result.stdout
    gates, frequency, rows = results(folder)
    assert set(rows) == {"with batch norm", "without batch norm"}
    for variant, row in rows.items():
        alphas = [gates.filter(variant=variant, seed=seed)["alpha"].to_numpy() for seed in (0, 1)]
        assert not np.array_equal(*alphas)
        assert row["mean"] == pytest.approx(np.corrcoef(*alphas)[0, 1])
        assert row["kept"] == gates.filter(variant=variant)["kept"].sum() / 2
        assert (row["n_searches"], row["candidates"]) == (2, 15)
    kept = gates.filter(variant="with batch norm").group_by("field_1", "field_2").agg(pl.col("kept").sum())
    both = frequency.join(kept, on=["field_1", "field_2"], validate="1:1")
    assert len(both) == 15
    assert (both["kept"] == both["kept_right"]).all()


def test_no_checkpoint_stays_after_success(finished):
    folder, _ = finished
    assert not (folder / "data/06_models/synthetic/checkpoints").exists()


def test_a_killed_run_recalls_finished_searches_and_gives_the_same(finished, tmp_path):
    with kedro_started(tmp_path, *STABILITY) as process:
        for line in process.stdout:
            if "search 2 of 2" in line:
                process.send_signal(signal.SIGKILL)
                break
        else:
            pytest.fail("the second search never began")
    again = kedro_run(tmp_path, *STABILITY)
    assert again.returncode == 0, again.stdout
    assert "seed 0 was finished before" in again.stdout
    straight, continued = results(finished[0]), results(tmp_path)
    assert straight[0].sort(pl.all()).equals(continued[0].sort(pl.all()))
    assert straight[2] == continued[2]


def test_one_search_is_refused_before_any_work(tmp_path):
    result = kedro_run(tmp_path, "--pipeline", "stability", "--params", "stability.n_searches=1")
    assert result.returncode == 1
    assert "stability.n_searches" in result.stdout
    assert not (tmp_path / "data").exists()
