"""The report from the command line, on few synthetic rows: from the raw rows to a page that holds the run's results."""

import json

import polars as pl
import pytest

from autofis_kedro.pipeline_registry import register_pipelines
from autofis_kedro.pipelines.report import nodes
from autofis_kedro.roster import CONSTANT, MAIN
from tests.kedro_project import TINY, kedro_run, newest
from tests.reporting.report_contents import Page

REPORTING = "08_reporting/synthetic"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    return folder, kedro_run(folder, "--pipeline", "report", "--params", f"{TINY},n_seeds=2,size_curves.n_sizes=3")


@pytest.fixture(scope="module")
def page(finished):
    folder, result = finished
    assert result.returncode == 0, result.stdout
    return Page(newest(folder, f"{REPORTING}/report.html").read_text(encoding="utf-8"))


def test_the_page_holds_the_runs_models_pairs_and_command(finished, page):
    folder, _ = finished
    assert {row[0].removesuffix("chosen").strip() for row in page.rows["table-comparison"][1:]} == {*MAIN, CONSTANT}
    kept = json.loads(newest(folder, "06_models/synthetic/autofm/selection.json").read_text())
    pairs = [" × ".join(found["fields"]) for found in kept["interactions"]]
    assert [row[0].removesuffix(" ★") for row in page.rows["table-kept-autofm"][1:]] == pairs
    facts = json.loads(newest(folder, f"{REPORTING}/run_facts.json").read_text())
    assert facts["command"].startswith("python -m autofis_kedro ")
    assert facts["command"].endswith("size_curves.n_sizes=3")
    assert facts["parameters"]["seeds"]["n_seeds"] == 2
    assert facts["parameters"]["autofm"]["spec"]["normalize"] is True


def test_where_it_ends_the_run_says_where_the_page_is(finished):
    folder, result = finished
    assert str(newest(folder, f"{REPORTING}/report.html")) in result.stdout.replace("\n", "")


def test_at_the_kept_size_the_curve_is_autofm_itself(finished):
    folder, _ = finished
    kept = json.loads(newest(folder, "06_models/synthetic/autofm/selection.json").read_text())
    metrics = json.loads(newest(folder, "07_model_output/synthetic/autofm/metrics.json").read_text())
    curves = pl.read_parquet(newest(folder, f"{REPORTING}/size_curves.parquet"))
    at = curves.row(
        by_predicate=(pl.col("ranking") == "alpha") & (pl.col("size") == len(kept["interactions"])), named=True
    )
    for split in ("valid", "test"):
        losses = [seed["log_loss"] for seed in metrics[split]]
        assert at[f"{split}_log_loss"] == pytest.approx(sum(losses) / 2, abs=1e-9)


def test_finished_checkpoints_are_cleared(finished):
    folder, _ = finished
    assert not (folder / "data/06_models/synthetic/checkpoints").exists()


def test_the_chosen_models_search_comes_first():
    def of(name):
        kinds = (nodes.SELECTION, nodes.GATES, nodes.TRAJECTORY)
        costs = (nodes.SEARCH_COST, nodes.EXTRACTION_COST)
        return {kind + name: name for kind in kinds} | {kind + name: {"seconds": 1.0} for kind in costs}

    given = of("autofm") | of("autodeepfm")
    for chosen, first in (("fm", "autofm"), ("autodeepfm_warm", "autodeepfm"), ("autodeepfm_searched", "autodeepfm")):
        assert nodes._searched(given, chosen)[0].name == first


def test_the_report_needs_nothing_but_the_raw_rows_and_the_run_itself():
    free = {name for name in register_pipelines()["report"].inputs() if not name.startswith("params:")}
    assert free == {"raw_rows", "parameters", "earlier_results"}
