"""Rows without labels, scored by a model that was trained before."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from autofis_kedro.errors import UserError
from autofis_kedro.integrity import seal_of
from autofis_kedro.pipelines.predict.nodes import PredictConfig
from autofis_kedro.serving import ServedModel, restore_negatives, scoring_report
from autofis_kedro.training.seeds import build
from tests.kedro_project import CONF, kedro_run, newest

FIELDS = "[{name: city}, {name: price, kind: numeric}, {name: tags, kind: multi_hot}]"


def log(n_rows, seed):
    rng = np.random.default_rng(seed)
    city, price = rng.integers(0, 5, n_rows), rng.lognormal(1, 1, n_rows).round(2)
    tags = ["|".join(rng.choice(["a", "b", "c"], rng.integers(1, 3), replace=False)) for _ in range(n_rows)]
    click = (rng.random(n_rows) < 1 / (1 + np.exp(-(city - 2.0)))).astype(int)
    ids = [f"r{i}" for i in range(n_rows)]
    return pl.DataFrame({"id": ids, "label": click, "city": [f"c{c}" for c in city], "price": price, "tags": tags})


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with a trained model of an own log, and the same rows twice: with and without labels."""
    folder = tmp_path_factory.mktemp("predict")
    conf = folder / "conf"
    for part in ("base", "own"):
        (conf / part).mkdir(parents=True)
    for file in CONF.rglob("*.yml"):
        if file.relative_to(CONF).parts[0] in ("base", "own"):
            target = conf / file.relative_to(CONF)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(file.read_text())
    (conf / "own/globals.yml").write_text(
        f"dataset: own\nraw_path: log.csv\ndata: {{fields: {FIELDS}, drop: [id]}}\nmin_count: 1\n"
        "embedding_dim: 4\nepochs: 3\nbatch_size: 256\nsplit: {positive_share: 0.7}\ntraining: {learning_rate: 0.05}\n"
    )
    log(4000, 0).write_csv(folder / "log.csv")
    result = kedro_run(
        folder,
        "--conf-source",
        "conf",
        "--env",
        "own",
        "--pipeline",
        "baselines",
        "--to-outputs",
        "lr.metrics,gbdt_ffm.metrics,chosen_model",
    )
    assert result.returncode == 0, result.stdout
    return folder


def predict(folder, path, **params):
    given = ",".join(
        f"{key}={value}" for key, value in ({"predict_path": path, "predict.model": "lr"} | params).items()
    )
    return kedro_run(folder, "--conf-source", "conf", "--env", "own", "--pipeline", "predict", "--params", given)


def test_scored_rows_are_the_models_predictions_with_their_keys(project):
    new = log(700, 1)
    new.drop("label").write_csv(project / "new.csv")
    result = predict(project, "new.csv", predict_keys="id+city")
    assert result.returncode == 0, result.stdout
    scored = pl.read_parquet(newest(project, "08_reporting/own/scored_rows.parquet"))
    assert scored.columns == ["row", "id", "city", "probability"]
    assert scored["id"].to_list() == new["id"].to_list()
    by_city = scored.group_by("city").agg(pl.col("probability").mean()).sort("city")["probability"]
    assert by_city.is_sorted(), "the planted effect"
    assert scored["probability"].mean() == pytest.approx(log(4000, 0)["label"].mean(), abs=0.05), "negatives restored"


@pytest.mark.parametrize("model", ["lr", "gbdt_lr", "gbdt_ffm"])
def test_predicting_labelled_rows_gives_the_predictions_of_the_evaluation(project, model):
    result = predict(project, "log.csv", **{"predict.model": model})
    assert result.returncode == 0, result.stdout
    served = ServedModel.load(newest(project, "08_reporting/own/served_model"))
    assert served.about.model == model
    whole = pl.concat(served.predict(str(project / "log.csv"), ("label",)))
    recorded = pl.read_parquet(newest(project, f"07_model_output/own/{model}/predictions.parquet"))
    rate = served.about.negative_rate
    assert rate < 1
    restored = restore_negatives(recorded["seed_0"].to_numpy(), rate)
    assert len(np.unique(restored)) > 5
    assert np.isin(restored.round(5), whole["probability"].to_numpy().round(5)).mean() > 0.999


@pytest.fixture(scope="module")
def served(project):
    """The logistic regression, bundled."""
    log(300, 3).drop("label").write_csv(project / "plain.csv")
    result = predict(project, "plain.csv")
    assert result.returncode == 0, result.stdout
    found = ServedModel.load(newest(project, "08_reporting/own/served_model"))
    assert found.about.model == "lr"
    return found


def scored(served, frame, path, keys=()):
    frame.write_csv(path)
    return pl.concat(served.predict(str(path), keys))


def test_further_columns_change_nothing_and_can_be_carried_along(served, tmp_path):
    new = log(300, 3).drop("label")
    plain = scored(served, new, tmp_path / "plain.csv")
    more = new.select("tags", pl.lit("x").alias("note"), *new.columns[:-1], pl.lit(1).alias("label"))
    further = scored(served, more, tmp_path / "more.csv", ("note", "label"))
    assert further["probability"].equals(plain["probability"])
    assert further.columns == ["row", "note", "label", "probability"]
    assert set(further["note"]) == {"x"}


def test_no_rows_give_no_rows(project, served, tmp_path):
    log(3, 0).drop("label").head(0).write_csv(project / "none.csv")
    empty = pl.concat(served.predict(str(project / "none.csv"), ("id",)))
    assert empty.schema == {"row": pl.UInt32, "id": pl.String, "probability": pl.Float32}
    assert empty.is_empty()
    result = predict(project, "none.csv", predict_keys="id")
    assert result.returncode == 0, result.stdout
    path = newest(project, "08_reporting/own/scored_rows.parquet")
    assert pl.read_parquet(path).equals(empty)
    assert f"Scores of 0 rows: {path.resolve()}" in result.stdout.replace("\n", "")


def test_the_shares_of_unseen_and_missing_values_are_said(project):
    result = predict(project, "plain.csv")
    path = newest(project, "08_reporting/own/scored_rows.parquet")
    assert f"Scores of 300 rows: {path.resolve()}" in result.stdout.replace("\n", "")
    report = scoring_report(path)
    assert report.rows == 300
    assert list(report.coverage) == list(report.test) == ["city", "price", "tags"]
    assert report.coverage["city"].values == 300
    assert report.coverage["tags"].values == log(300, 3)["tags"].str.split("|").list.len().sum()
    assert not report.surprises()
    assert all(name in result.stdout for name in report.coverage)
    assert "are unseen" not in result.stdout


def test_values_written_otherwise_are_warned_of(project, served, tmp_path, caplog):
    other = log(300, 3).drop("label").with_columns(pl.col("city").str.to_uppercase(), price=pl.lit(None))
    other.write_csv(project / "other.csv")
    with caplog.at_level("WARNING"):
        list(served.predict(str(project / "other.csv")))
    said = " ".join(caplog.messages)
    assert "field 'city': 100.0% of the values are unseen (300 of 300), 0.0% in the test rows" in said
    assert "field 'price': 100.0% of the values are missing (300 of 300)" in said
    assert "'tags'" not in said


def test_a_bundle_of_before_shares_were_kept_works(served, tmp_path):
    old = replace(served, about=served.about.model_copy(update={"test_coverage": None}))
    old.save(tmp_path / "old")
    text = (tmp_path / "old/model.json").read_text(encoding="utf-8")
    parts = json.loads(text)
    del parts["test_coverage"]
    (tmp_path / "old/model.json").write_text(json.dumps(parts), encoding="utf-8")
    seal_of(tmp_path / "old/model.json").unlink()  # nor were checksums
    new = log(50, 4).drop("label")
    found = scored(ServedModel.load(tmp_path / "old"), new, tmp_path / "x.csv")
    assert found.equals(scored(served, new, tmp_path / "x.csv"))


def test_models_are_built_once_for_all_rows(served, tmp_path, monkeypatch):
    built = []
    monkeypatch.setattr("autofis_kedro.serving.CHUNK_ROWS", 40)
    monkeypatch.setattr(
        "autofis_kedro.training.seeds.build", lambda *args, **given: built.append(1) or build(*args, **given)
    )
    log(300, 3).drop("label").write_csv(tmp_path / "x.csv")
    frames = list(served.predict(str(tmp_path / "x.csv")))
    assert len(frames) > 1
    assert len(built) == 1
    assert pl.concat(frames)["row"].to_list() == list(range(300))


@pytest.mark.parametrize("key", ["row", "probability"])
def test_a_key_named_like_a_column_of_the_scores_is_refused(project, served, key):
    with pytest.raises(UserError, match=f"column '{key}' cannot be carried along"):
        list(served.predict(str(project / "plain.csv"), (key,)))
    with pytest.raises(ValueError, match=f"column '{key}' cannot be carried along"):
        PredictConfig(keys=f"id+{key}")


def test_a_model_that_was_not_trained_is_named(project):
    result = predict(project, "new.csv", **{"predict.model": "autofm"})
    assert result.returncode == 1
    assert "artifact 'autofm.metrics' does not exist" in result.stdout


def test_a_missing_key_and_a_missing_field_are_named(project):
    log(10, 2).drop("label").write_csv(project / "few.csv")
    result = predict(project, "few.csv", predict_keys="idd")
    assert "has no column 'idd' to carry along" in result.stdout
    log(10, 2).drop("price").write_csv(project / "bad.csv")
    assert "has no column 'price'" in predict(project, "bad.csv").stdout


def test_predicting_before_training_says_what_to_run(tmp_path):
    result = kedro_run(tmp_path, "--pipeline", "predict")
    assert result.returncode == 1
    assert "make it with kedro run" in result.stdout
    with pytest.raises(UserError, match="is no served model"):
        ServedModel.load(tmp_path)


def test_restoring_negatives_adds_the_logarithm_of_their_rate_to_the_logit():
    p = np.array([0.1, 0.5, 0.9])
    restored = restore_negatives(p, 0.2)
    np.testing.assert_allclose(np.log(restored / (1 - restored)), np.log(p / (1 - p)) + np.log(0.2), rtol=1e-5)
