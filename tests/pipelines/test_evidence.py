"""The evidence stage by its command, on the synthetic problem whose planted pairs are known."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.kedro_project import kedro_run, newest

PLANTED = {"x0 x x1", "x2 x x5", "x3 x x4"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("evidence")
    run = kedro_run(place, "--pipeline", "evidence", "--params", "n_rows=20000")
    assert run.returncode == 0, run.stdout
    assert "3 interactions kept: 3 confirmed by joint values" in run.stdout
    return place


def test_the_planted_pairs_are_confirmed_and_no_other(folder: Path) -> None:
    table = pl.read_csv(folder / "data/08_reporting/synthetic/evidence.csv")
    assert set(table.filter(pl.col("verdict") == "confirmed")["interaction"]) == PLANTED
    assert len(table) == 15
    assert table.equals(pl.read_parquet(newest(folder, "08_reporting/synthetic/evidence.parquet")).cast(table.schema))


def test_joint_values_carry_the_users_values(folder: Path) -> None:
    joint = pl.read_parquet(newest(folder, "08_reporting/synthetic/joint_values.parquet"))
    assert set(joint["interaction"]) <= PLANTED
    assert joint["values"].list.eval(pl.element().str.contains(r"^v\d+$|^\(rare values\)$|^[\[\(]")).list.all().all()
