"""The paper's figures by a command each, from raw rows."""

import json

import polars as pl
import pytest

from tests.kedro_project import TINY, kedro_run, newest

REPORTING = "08_reporting/synthetic"


def figure_of(folder, name):
    return json.loads(newest(folder, f"{REPORTING}/{name}.json").read_text())


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    return folder, kedro_run(folder, "--pipeline", "figure4_5", "--params", f"{TINY},n_seeds=2")


def test_figure_4_is_drawn_from_the_histories(drawn):
    folder, result = drawn
    assert result.returncode == 0, result.stdout
    lines = figure_of(folder, "figure4")["data"]
    for name, history in (("fm", "history"), ("autofm", "history"), ("autofm", "search_history")):
        table = pl.read_parquet(newest(folder, f"06_models/synthetic/{name}/{history}.parquet"))
        wanted = f"{name}_searched" if history == "search_history" else name
        shown = [line["y"] for line in lines if line["legendgroup"] == wanted]
        assert [value for values in shown for value in values] == table["valid_auc"].to_list()
    assert {line["legendgroup"] for line in lines} == {"fm", "autofm", "autofm_searched", "all_open"}


def test_figure_5_is_drawn_from_the_gates(drawn):
    folder, _ = drawn
    gates = pl.read_parquet(newest(folder, "06_models/synthetic/autofm/gates.parquet"))
    alphas = {f"{a} × {b}": alpha for a, b, alpha in gates.select("field_1", "field_2", "alpha").iter_rows()}
    planted, others, _ = figure_of(folder, "figure5")["data"]
    assert set(planted["x"]) == {"x0 × x1", "x2 × x5", "x3 × x4"}
    bars = {pair: value for bar in (planted, others) for pair, value in zip(bar["x"], bar["y"], strict=True)}
    assert bars == alphas


def test_figures_4_and_5_evaluate_nothing(drawn):
    folder, _ = drawn
    assert not (folder / "data/07_model_output").exists()


def test_figure_3_needs_no_training_but_the_search(tmp_path):
    result = kedro_run(tmp_path, "--pipeline", "figure3", "--params", TINY)
    assert result.returncode == 0, result.stdout
    assert len(figure_of(tmp_path, "statistics_auc_against_alpha")["data"]) == 2
    assert not list(tmp_path.glob("data/06_models/synthetic/*/weights.safetensors"))
