"""A misspelled name ends in one clear message and exit status 1, before any node runs."""

import pytest
from click.testing import CliRunner

from autofis_kedro.cli import run
from tests.kedro_project import CONF, configured


def outcome(tmp_path, monkeypatch, *options):
    configured()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    return CliRunner().invoke(run, ["--conf-source", str(CONF), *options])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--env", "syntetic"], ["env 'syntetic'", "'synthetic'", "criteo"]),
        (["--pipeline", "serch"], ["pipeline 'serch'", "'search'", "baselines"]),
        (["--pipelines", "search,baselins"], ["pipeline 'baselins'", "'baselines'"]),
        (["--namespaces", "autofn"], ["namespace 'autofn'", "'autofm'", "deepfm"]),
        (["--tags", "serch"], ["tag 'serch'", "'search'"]),
        (["--nodes", "fm.trein"], ["node 'fm.trein'", "'fm.train'"]),
        (["--from-nodes", "fm.trein"], ["node 'fm.trein'"]),
        (["--to-outputs", "fm.metrix"], ["data set 'fm.metrix'", "'fm.metrics'"]),
        (["--params", "epoch=3"], ["parameter 'epoch'", "'epochs'", "n_seeds"]),
        (["--params", "training.patiense=3"], ["'training.patiense'", "'patience'", "learning_rate"]),
        (["--params", "deepfm.spec.mlp.droput=0.1"], ["'deepfm.spec.mlp.droput'", "'dropout'"]),
        (["--params", "epochs=few"], ["training.epochs", "'few'"]),
        (["--params", "epochs=0"], ["training.epochs", "0"]),
        (["--params", "transfer_to=deepfn"], ["transfer_to 'deepfn'", "'deepfm'"]),
        (["--params", "transfer_to=lr"], ["transfer_to 'lr'"]),
        (["--params", "selection_from=autofn"], ["transfer.selection_from", "'autofn'", "autodeepfm"]),
        (["--params", "device=gpu"], ["training.device", "'gpu'", "cuda"]),
        # Parameters of stages that do not run are checked, too.
        (["--pipeline", "ingestion", "--params", "search.strength=x"], ["search.strength", "'x'", "paper"]),
        (["--tags", "search", "--nodes", "fm.train"], ["no node is left"]),
        (["--env", "criteo", "--pipeline", "figure4_5"], ["figure5 needs known planted pairs", "--env synthetic"]),
        (["--pipeline", "figure4_5", "--params", "stability.n_searches=1"], ["stability.n_searches", "1"]),
    ],
)
def test_is_refused_by_name(tmp_path, monkeypatch, options, said):
    result = outcome(tmp_path, monkeypatch, *options)
    assert result.exit_code == 1
    assert not (tmp_path / "data").exists(), "a node ran"
    lines = [line for line in result.output.splitlines() if line.startswith("Error:")]
    assert len(lines) == 1
    assert "Traceback" not in result.output
    for words in said:
        assert words in lines[0]


def test_a_missing_file_is_named(tmp_path, monkeypatch):
    result = outcome(tmp_path, monkeypatch, "--env", "criteo", "--params", "raw_path=/no/such.tsv")
    assert result.exit_code == 1
    assert "Error: raw_path '/no/such.tsv'" in result.output
    assert "Traceback" not in result.output
    assert not list(tmp_path.glob("data/**/typed_rows.parquet"))


def test_a_programming_error_keeps_its_traceback(tmp_path, monkeypatch):
    def broken(_):
        raise KeyError("bug")

    monkeypatch.setattr("autofis_kedro.cli.check_run", broken)
    result = outcome(tmp_path, monkeypatch)
    assert isinstance(result.exception, KeyError)
