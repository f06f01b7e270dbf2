"""What a run says of itself."""

import subprocess
import sys
from pathlib import Path

import pytest

import autofis_kedro
from autofis_kedro.reporting import run_facts
from autofis_kedro.reporting.run_facts import RunFacts, command_line, configuration_options, gather_facts
from autofis_kedro.training import CheckpointConfig, SeedsConfig
from tests.problems import schema_of

SCHEMA = schema_of([4, 5])
ROWS = {"train": 8, "valid": 1, "test": 1}


def git(folder, *arguments):
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    return subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True, text=True)


@pytest.fixture
def code(tmp_path, monkeypatch):
    """A package in a repository of its own."""
    package = tmp_path / "src" / "package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    monkeypatch.setattr(autofis_kedro, "__file__", str(package / "__init__.py"))
    git(tmp_path, "init", "-q")
    return package


def facts(parameters=None):
    return gather_facts(parameters or {}, SCHEMA, ROWS, ["/a/b/kedro", "run"])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["kedro", "run"], ""),
        (["kedro", "run", "--env", "own", "--pipeline", "report"], "--env own"),
        (["kedro", "run", "--env=own"], "--env own"),
        (["kedro", "run", "-e", "my log", "--conf-source=x/conf"], "--env 'my log' --conf-source x/conf"),
        (["kedro", "run", "--params", "raw_path=--env"], ""),
    ],
)
def test_further_commands_read_the_same_configuration(arguments, expected):
    assert configuration_options(arguments) == expected


def test_the_environment_may_name_the_configuration(monkeypatch):
    monkeypatch.setenv("KEDRO_ENV", "own")
    assert configuration_options(["kedro", "run"]) == "--env own"
    assert configuration_options(["kedro", "run", "--env", "other"]) == "--env other"


def test_typed_parameters_become_values_that_json_holds():
    given = {"seeds": SeedsConfig(n_seeds=3), "checkpoints": CheckpointConfig(folder=Path("x")), "plain": [1, (2.5,)]}
    found = facts(given)
    assert found.parameters["seeds"] == {"n_seeds": 3, "seed": 0}
    assert found.parameters["checkpoints"]["folder"] == "x"
    assert found.parameters["plain"] == [1, [2.5]]
    assert RunFacts.model_validate_json(found.model_dump_json()) == found


def test_the_data_are_named_by_fingerprint_and_rows():
    assert facts().schema_fingerprint == SCHEMA.fingerprint
    assert facts().schema_fingerprint != gather_facts({}, schema_of([4, 6]), ROWS, []).schema_fingerprint
    assert facts().rows == ROWS


def test_versions_are_those_imported():
    assert facts().versions["python"] == ".".join(map(str, sys.version_info[:3]))
    assert facts().versions["torch"] == __import__("torch").__version__


def test_the_commit_is_the_codes(code):
    assert (facts().commit, facts().is_dirty) == (None, False), "nothing is committed"
    git(code, "add", "."), git(code, "commit", "-q", "-m", "first")
    found = facts()
    assert found.commit == git(code, "rev-parse", "HEAD").stdout.strip()
    assert not found.is_dirty
    (code / "__init__.py").write_text("changed = True\n")
    assert facts().is_dirty


def test_somebody_elses_repository_is_not_the_codes(code):
    """A package installed below a repository that ignores it."""
    (code.parent / "other.py").write_text("")
    git(code, "add", "../other.py"), git(code, "commit", "-q", "-m", "first")
    assert facts().commit is None


def test_without_git_there_is_no_commit(code, monkeypatch):
    def missing(*_, **__):
        raise FileNotFoundError("git")

    monkeypatch.setattr(run_facts.subprocess, "run", missing)
    assert facts().commit is None


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["/opt/venv/bin/kedro", "run", "--env", "own"], "kedro run --env own"),
        (["/x/src/autofis_kedro/__main__.py", "--env", "own"], "python -m autofis_kedro --env own"),
        (["kedro", "run", "--params", "raw_path=my file"], "kedro run --params 'raw_path=my file'"),
        ([], "kedro"),
    ],
)
def test_the_command_can_be_pasted(arguments, expected):
    assert command_line(arguments) == expected
