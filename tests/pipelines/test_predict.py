"""Rows without labels, scored by a model that was trained before."""

import numpy as np
import polars as pl
import pytest

from autofis_kedro.errors import UserError
from autofis_kedro.serving import ServedModel, restore_negatives
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
