"""The paper's tables: every figure follows from the metrics, and no claim is made that a test does not carry."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from autofis_kedro.errors import UserError
from autofis_kedro.evaluation.inference_time import InferenceTimes
from autofis_kedro.evaluation.metrics import Metrics, score
from autofis_kedro.evaluation.significance import delong
from autofis_kedro.reporting.claims import SIGNIFICANT, claim
from autofis_kedro.reporting.paper_results import Results, results_table
from autofis_kedro.reporting.paper_rows import TABLES, PaperRows
from autofis_kedro.reporting.published import Published
from autofis_kedro.reporting.rows import ModelMetrics

ROWS = 1000
PUBLISHED = Published(
    data_sets={"here": "there"},
    statistics={},
    tables={"t": {"there": {"FM": {"auc": 0.7, "log_loss": 0.5}, "Auto": {"auc": 0.8, "log_loss": 0.4}}}},
)
PAPER_ROWS = PaperRows(
    title="T", models={"FM": "fm", "Deep": "deepfm", "Auto": "autofm"}, against={"Auto": ("FM", "Deep")}
)


def model(name, aucs, rows=ROWS, fingerprint="f", **given):
    metrics = tuple(Metrics(auc=a, log_loss=1 - a, calibration=1, rows=rows, positive_share=0.5) for a in aucs)
    rest = {"kept": 2, "candidates": 8, "parameters": 10, "rows_per_second": 1e5, "train_seconds": 3.0}
    return ModelMetrics(model=name, valid=metrics, test=metrics, schema_fingerprint=fingerprint, **(rest | given))


FM, DEEP = model("fm", [0.70, 0.71, 0.705]), model("deepfm", [0.74, 0.75, 0.746])
AUTO = model("autofm", [0.7601, 0.7699, 0.7652])


def table(*models, dataset="here", times=None, predictions=None):
    results = Results(dataset, {m.model: m for m in models}, predictions or {}, times)
    return results_table("t", PAPER_ROWS, results, PUBLISHED)


def test_figures_are_means_spreads_and_the_improvement_over_the_first_row():
    found = table(FM, DEEP, AUTO)
    assert found.column("auc")[2] == pytest.approx(np.mean([0.7601, 0.7699, 0.7652]))
    assert found.column("auc_std")[2] == pytest.approx(np.std([0.7601, 0.7699, 0.7652], ddof=1))
    assert found.column("relative")[2] == pytest.approx(found.column("auc")[2] / found.column("auc")[0] - 1)
    assert found.column("published_auc") == [0.7, None, 0.8]


def test_the_claim_is_the_weakest_over_all_rivals():
    found = table(FM, DEEP, AUTO)
    ours, deep = ([m.auc for m in x.test] for x in (AUTO, DEEP))
    assert found.column("against")[2] == "Deep"
    assert found.column("p")[2] == pytest.approx(stats.ttest_rel(ours, deep).pvalue)
    assert found.column("p_wilcoxon")[2] == pytest.approx(stats.wilcoxon(ours, deep).pvalue)
    worse_than_one = claim(AUTO, [FM, model("deepfm", [0.9, 0.9001, 0.9])], {})
    assert worse_than_one.rival == "deepfm"
    assert not worse_than_one.is_better
    assert not worse_than_one.is_significant


def test_a_star_needs_every_test_to_carry_it():
    sure = model("autofm", [0.80, 0.81, 0.805])
    assert claim(sure, [FM], {}).is_significant
    assert claim(sure, [FM], {}).p < SIGNIFICANT
    assert not claim(FM, [sure], {}).is_significant, "significantly worse is no star"
    noisy = model("deepfm", [0.70, 0.79, 0.75])
    assert not claim(sure, [FM, noisy], {}).is_significant


def test_a_star_needs_every_rival_to_be_compared_with():
    sure = model("autofm", [0.80, 0.81, 0.805])
    uncompared = model("deepfm", [0.90, 0.90])
    found = claim(sure, [FM, uncompared], {})
    assert found.rival == "fm"
    assert not found.is_significant
    notes = table(FM, uncompared, sure).notes
    assert any("numbers of seeds differ" in note and "Deep 2" in note for note in notes)


def test_of_two_better_rivals_the_surely_better_one_is_named():
    ours = model("autofm", [0.80, 0.81, 0.805])
    perhaps, surely = model("fm", [0.79, 0.83, 0.80]), model("deepfm", [0.90, 0.91, 0.905])
    assert claim(ours, [perhaps, surely], {}).rival == "deepfm"


def test_the_private_data_set_is_said_to_be_other_data():
    published = Published(data_sets={"own": "private", "criteo": "criteo"}, statistics={}, tables={})
    assert "other data" in published.beside("own")
    assert "sample" in published.beside("criteo")


def test_other_numbers_of_seeds_and_random_draws_are_not_compared():
    assert claim(model("autofm", [0.8, 0.81]), [FM], {}) is None
    assert claim(model("random_fm", [0.8, 0.81, 0.82]), [FM], {}) is None
    trees = claim(FM, [model("gbdt_lr", [0.6])], {})
    assert trees.p == pytest.approx(stats.ttest_1samp([m.auc for m in FM.test], 0.6).pvalue), "it has no randomness"


def test_one_seed_prints_delongs_p_and_no_star():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, ROWS).astype(np.uint8)
    good = rng.random(ROWS) * 0.5 + labels * 0.4
    bad = rng.random(ROWS)
    frames = {
        name: pl.DataFrame({"label": labels, "seed_0": p, "split": "test"})
        for name, p in (("fm", bad), ("deepfm", bad), ("autofm", good))
    }
    scores = {name: score(labels, frame["seed_0"].to_numpy()) for name, frame in frames.items()}
    models = [model(name, [found.auc]) for name, found in scores.items()]
    found = table(*models, predictions=frames)
    assert found.column("p")[2] == pytest.approx(delong(labels, good, bad).p)
    assert not any(found.column("is_significant"))
    assert "±" not in "".join(cell for row in found.cells() for cell in row)
    assert any("one seed" in note for note in found.notes)


def test_without_published_values_there_are_no_such_columns_and_a_note():
    found = table(FM, DEEP, AUTO, dataset="elsewhere")
    assert not [column for column in found.columns if column.group == "published"]
    assert any("'elsewhere'" in note for note in found.notes)


def test_models_of_different_runs_are_refused():
    with pytest.raises(UserError, match="autofm and fm were evaluated on different data"):
        table(FM, DEEP, model("autofm", [0.7, 0.7, 0.7], rows=ROWS + 1))
    with pytest.raises(UserError, match="earlier run"):
        table(FM, DEEP, model("autofm", [0.7, 0.7, 0.7], fingerprint="g"))


def test_time_is_relative_to_the_first_row():
    rows = PaperRows(title="T", models={"FM": "fm", "Auto": "autofm"}, parts=("time", "cost", "kept"))
    times = InferenceTimes(rows=2_000_000, batch_size=2000, device="CPU", threads=2, seconds={"fm": 2.0, "autofm": 0.5})
    found = results_table("t", rows, Results("here", {"fm": FM, "autofm": AUTO}, {}, times), PUBLISHED)
    assert found.column("time_ratio") == [1.0, 0.25]
    assert any("2.00 s for 2,000,000 rows (CPU, threads: 2)" in note for note in found.notes)
    assert found.column("kept_text") == ["25%", "25%"]


@pytest.mark.parametrize("name", TABLES)
def test_rivals_are_rows_of_the_table(name):
    rows = TABLES[name]
    for label, rivals in rows.against.items():
        assert {label, *rivals} <= set(rows.models)
