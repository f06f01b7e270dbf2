"""A data set is a folder with one file; where the project lies and what the locale can say does not matter."""

import shutil
import subprocess
import sys

import pytest
from kedro.framework.session import KedroSession

from autofis_kedro.cli import check_run, environments
from autofis_kedro.console import _is_command
from autofis_kedro.errors import UserError
from autofis_kedro.settings import CONFIG_LOADER_ARGS, CONFIG_LOADER_CLASS
from tests.kedro_project import CONF, ROOT, configured, surroundings

DESCRIBED = "dataset: mine\ndata: {label: {column: click}, fields: [{name: site}, {name: über}]}\n"


@pytest.fixture
def conf(tmp_path):
    """A configuration with a data set of one file, in a project whose path is hard to say."""
    folder = tmp_path / "prö*[1]"
    shutil.copytree(CONF, folder / "conf", ignore=shutil.ignore_patterns("local"))
    (folder / "conf/mine").mkdir()
    (folder / "conf/mine/globals.yml").write_text(DESCRIBED, encoding="utf-8")
    return folder / "conf"


def test_an_environment_is_a_folder_with_globals(conf):
    assert {"mine", "synthetic", "own"} <= set(environments(str(conf)))
    assert "base" not in environments(str(conf))
    configured()
    check_run({"env": "mine", "conf_source": str(conf)})
    (conf / "empty").mkdir()
    with pytest.raises(UserError, match=r"env 'empty': .*conf/empty' has no globals\.yml"):
        check_run({"env": "empty", "conf_source": str(conf)})
    with pytest.raises(UserError, match=r"env 'mien' does not exist \(did you mean 'mine'"):
        check_run({"env": "mien", "conf_source": str(conf)})


def test_it_needs_no_catalog_and_no_path(conf):
    configured()
    with KedroSession.create(project_path=conf.parent, env="mine", conf_source=str(conf)) as session:
        catalog = session.load_context().catalog
    rows = catalog["raw_rows"].load()
    assert rows.raw_path == "data/01_raw/mine", "by its name"
    assert list(rows.description.kinds) == ["site", "über"]


def test_only_the_synthetic_problem_has_a_catalog():
    assert {path.parent.name for path in CONF.glob("*/catalog.yml")} == {"base", "synthetic"}


@pytest.mark.parametrize("name", ["[1]", "a*b", "a?b", "a[!b]"])
def test_a_projects_path_is_no_pattern(tmp_path, name):
    shutil.copytree(CONF, tmp_path / name / "conf")
    loaded = CONFIG_LOADER_CLASS(str(tmp_path / name / "conf"), env="own", **CONFIG_LOADER_ARGS)
    plain = CONFIG_LOADER_CLASS(str(CONF), env="own", **CONFIG_LOADER_ARGS)
    assert dict(loaded["globals"]) == dict(plain["globals"])
    assert loaded["catalog"].keys() == plain["catalog"].keys()


def test_paths_and_names_need_no_locale(conf):
    """``PYTHONUTF8=0`` forbids what Python would do by itself under LC_ALL=C; the terminal is ASCII."""
    (conf.parent / "data/01_raw/mine").mkdir(parents=True)
    rows = "".join(f"{i % 2},s{i % 3},ü{i % 5}\n" for i in range(300))
    (conf.parent / "data/01_raw/mine/lög.csv").write_text(f"click,site,über\n{rows}", encoding="utf-8")
    given = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    logging = {"KEDRO_LOGGING_CONFIG": str(conf / "logging.yml")}
    options = ["--env", "mine", "--pipeline", "bucketing"]
    done = subprocess.run(
        [sys.executable, "-m", "autofis_kedro", *options],
        cwd=conf.parent,
        env=surroundings() | given | logging,
        capture_output=True,
        timeout=200,
        check=False,
    )
    said = (done.stdout + done.stderr).decode("ascii")
    assert done.returncode == 0, said
    assert r"Artifacts: " in said
    assert r"pr\xf6*[1]" in said.replace("\n", "")
    assert list((conf.parent / "data/04_feature/mine").glob("schema.json/*/schema.json"))


@pytest.mark.parametrize(
    ("program", "is_ours"),
    [
        ("/usr/bin/kedro", True),
        ("/x/bin/autofis-kedro", True),
        ("/x/autofis_kedro/__main__.py", True),
        ("/x/kedro/__main__.py", True),
        ("/x/pytest/__main__.py", False),
        ("/usr/bin/pytest", False),
        ("", False),
    ],
)
def test_only_a_command_of_ours_begins_anew(program, is_ours):
    assert _is_command(ROOT.joinpath(program)) is is_ours
