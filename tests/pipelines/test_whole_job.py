"""The main job, from the command line, on few synthetic rows."""

import json
import signal

import polars as pl
import pytest
from safetensors.torch import load_file

from autofis_kedro.pipeline_registry import register_pipelines
from autofis_kedro.roster import (
    ABLATION,
    BASELINES,
    BI_LEVEL,
    CONSTANT,
    MAIN,
    SEARCHED,
    STATISTICS,
    THIRD_ORDER,
    TRAINED,
    TRANSFER,
)
from tests.kedro_project import TINY, kedro_run, kedro_run_anew, kedro_started, newest

FM = ("--pipeline", "baselines", "--to-outputs", "fm.weights")
LONG = "n_rows=10000,epochs=8,embedding_dim=4,training.patience=8,checkpoints.minutes=0.0"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "a[1]"  # a path is no pattern, whoever reads or writes
    folder.mkdir()
    return folder, kedro_run_anew(folder, "--params", TINY)


def test_the_run_succeeds_and_ends_with_the_table(finished):
    _, result = finished
    assert result.returncode == 0, result.stdout
    for name in MAIN:
        assert name in result.stdout
    assert "log loss" in result.stdout
    assert "Artifacts:" in result.stdout


@pytest.mark.parametrize(
    ("pipeline", "names"),
    [
        ("baselines", BASELINES),
        ("third_order", THIRD_ORDER),
        ("transfer", TRANSFER),
        ("bi_level", BI_LEVEL),
        ("ablation", ABLATION),
        ("statistics_auc", STATISTICS),
    ],
)
def test_a_pipeline_trains_and_compares_its_models(tmp_path, pipeline, names):
    result = kedro_run(tmp_path, "--pipeline", pipeline, "--params", f"{TINY},ablation.n_draws=2")
    assert result.returncode == 0, result.stdout
    compared = pl.read_parquet(newest(tmp_path, "08_reporting/synthetic/comparison.parquet"))
    assert set(compared["model"]) == {*names, CONSTANT}
    assert not (tmp_path / "data/06_models/synthetic/checkpoints").exists()


def test_every_artifact_lies_in_its_place(finished):
    folder, _ = finished
    files = [path for path in folder.glob("data/0*/synthetic/**/*") if path.is_file()]
    artifacts = {path.parent.parent for path in files if ".partial" not in path.name}
    examples = {artifact for artifact in artifacts if artifact.name.endswith("_examples")}
    assert len(artifacts) >= len(register_pipelines()["__default__"].all_outputs()) - 3 + len(examples)
    assert not [path for path in files if path.name.endswith(".partial")]


def test_no_checkpoint_stays_after_success(finished):
    folder, _ = finished
    assert not (folder / "data/06_models/synthetic/checkpoints").exists()


def test_the_comparison_holds_every_model_and_one_is_chosen_on_validation(finished):
    folder, _ = finished
    compared = pl.read_parquet(newest(folder, "08_reporting/synthetic/comparison.parquet"), glob=False)
    assert set(compared["model"]) == {*MAIN, CONSTANT}
    assert compared["chosen"].sum() == 1
    assert (compared.filter(pl.col("model") != CONSTANT)["flops_per_row"] > 0).all()
    chosen = json.loads(newest(folder, "08_reporting/synthetic/chosen_model.json").read_text())
    assert chosen["model"] == compared.filter("chosen")["model"].item()
    assert chosen["model"] not in ("all_open", "random_selection"), "controls are no candidates"


def test_predictions_hold_every_evaluated_row(finished):
    folder, _ = finished
    report = json.loads(newest(folder, "03_primary/synthetic/split_report.json").read_text())
    for name in set(TRAINED) & set(MAIN):
        counts = pl.read_parquet(newest(folder, f"07_model_output/synthetic/{name}/predictions.parquet"), glob=False)
        assert dict(counts["split"].value_counts().iter_rows()) == {s: report["rows"][s] for s in ("valid", "test")}


def test_models_hold_only_the_kept_interactions(finished):
    folder, _ = finished
    for name in SEARCHED:
        kept = json.loads(newest(folder, f"0?_*/synthetic/{name}/selection.json").read_text())
        weights = load_file(newest(folder, f"06_models/synthetic/{name}/weights.safetensors"))
        assert weights["seed_0/interactions.alpha_P"].shape == (len(kept["interactions"]),)


def test_the_random_selection_is_as_large_as_the_searched_one(finished):
    folder, _ = finished
    places = ("autofm/selection.json", "random_interactions.json")
    sizes = [len(json.loads(newest(folder, f"0?_*/synthetic/{p}").read_text())["interactions"]) for p in places]
    assert sizes[0] == sizes[1]


def test_a_killed_run_continues_to_the_same_bits(tmp_path):
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    straight.mkdir()
    killed.mkdir()
    assert kedro_run(straight, *FM, "--params", LONG).returncode == 0
    _kill_in_training(killed)
    again = kedro_run(killed, *FM, "--params", LONG)
    assert again.returncode == 0, again.stdout
    assert "fm, seed 0: epoch 1:" not in again.stdout, "it began anew"
    one, other = (load_file(newest(f, "06_models/synthetic/fm/weights.safetensors")) for f in (straight, killed))
    assert one.keys() == other.keys()
    assert all((one[name] == other[name]).all() for name in one)
    assert not (killed / "data/06_models/synthetic/checkpoints").exists()


def _kill_in_training(folder):
    with kedro_started(folder, *FM, "--params", LONG) as process:
        for line in process.stdout:
            if "fm, seed 0: epoch 2:" in line:
                process.send_signal(signal.SIGKILL)  # in the third epoch
                break
        else:
            pytest.fail("the training never reached its second epoch")
        assert process.wait() == -signal.SIGKILL
    assert list(folder.glob("data/06_models/synthetic/checkpoints/fm/*.safetensors"))
