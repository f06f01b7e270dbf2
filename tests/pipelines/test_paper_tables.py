"""The paper's tables from the command line, on few synthetic rows."""

import json

import polars as pl
import pytest

from autofis_kedro.reporting.paper_rows import TABLES
from tests.kedro_project import TINY, kedro_run, newest

FEW = f"{TINY},ablation.n_draws=2,inference.rounds=1,inference.batches=2,n_seeds=2"


def rows_of(folder, name):
    return pl.read_csv(newest(folder, f"08_reporting/synthetic/{name}").joinpath(f"{name}.csv"))


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    return folder, kedro_run(folder, "--pipeline", "table1", "--params", FEW)


def test_table_1_trains_what_it_needs_and_is_printed(first):
    folder, result = first
    assert result.returncode == 0, result.stdout
    assert "Table 1" in result.stdout
    found = rows_of(folder, "table1")
    assert found["namespace"].to_list() == list(TABLES["table1"].models.values())
    assert (found["time_ratio"] > 0).all()
    assert found.filter(pl.col("namespace") != "gbdt_lr")["seeds"].unique().to_list() == [2]
    for row in found.iter_rows(named=True):
        metrics = json.loads(newest(folder, f"07_model_output/synthetic/{row['namespace']}/metrics.json").read_text())
        assert row["auc"] == pytest.approx(sum(m["auc"] for m in metrics["test"]) / len(metrics["test"]))


def test_what_exists_is_reused_and_the_table_printed_again(first):
    folder, _ = first
    again = kedro_run(folder, "--pipeline", "table1", "--only-missing-outputs", "--params", FEW)
    assert again.returncode == 0, again.stdout
    assert "epoch 1:" not in again.stdout
    assert "Table 1" in again.stdout
    third = kedro_run(folder, "--pipeline", "table3", "--only-missing-outputs", "--params", FEW)
    assert third.returncode == 0, third.stdout
    assert "epoch 1:" not in third.stdout, "all its models are those of table 1"
    assert rows_of(folder, "table3")["auc"].to_list()[0] == rows_of(folder, "table1")["auc"].to_list()[0]


def test_models_of_another_split_are_refused(first):
    folder, _ = first
    other = FEW.replace("n_rows=3000", "n_rows=2000")
    assert kedro_run(folder, "--to-outputs", "fm.metrics", "--params", other).returncode == 0
    for version in folder.glob("data/08_reporting/synthetic/table3/*"):
        version.rename(folder / version.name)
    mixed = kedro_run(folder, "--pipeline", "table3", "--only-missing-outputs", "--params", FEW)
    assert mixed.returncode == 1
    assert "earlier run" in mixed.stdout


@pytest.mark.parametrize("name", ["table2", "table4", "table5", "table6_7", "table8"])
def test_every_other_table_runs_from_nothing(tmp_path, name):
    result = kedro_run(tmp_path, "--pipeline", name, "--params", FEW)
    assert result.returncode == 0, result.stdout
    found = rows_of(tmp_path, name)
    if name in TABLES:
        assert found["namespace"].to_list() == list(TABLES[name].models.values())
    assert newest(tmp_path, f"08_reporting/synthetic/{name}").joinpath(f"{name}.tex").exists()
