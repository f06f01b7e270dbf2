"""Every notebook runs from top to bottom over what the main job made."""

import json
import shutil

import nbformat
import pytest
from nbclient import NotebookClient

from autofis_kedro.integrity import seal
from tests.kedro_project import ROOT, TINY, kedro_run, newest, surroundings

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project of its own with the artifacts of a small run, as if it had chosen a searched model.

    That is the model with the fewest artifacts of its own.
    """
    folder = tmp_path_factory.mktemp("project")
    for name in ("conf", "src"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    result = kedro_run(folder, "--params", TINY)
    assert result.returncode == 0, result.stdout
    chosen = newest(folder, "08_reporting/synthetic/chosen_model.json")
    chosen.write_text(json.dumps(json.loads(chosen.read_text()) | {"model": "autofm_searched"}))
    seal(chosen)
    return folder


def test_the_promised_notebooks_exist():
    assert {path.stem for path in NOTEBOOKS} >= {"01_explore_dataset", "02_read_results"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_something_in_every_cell(project, path, monkeypatch):
    for name, value in surroundings().items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(project)}}).execute()
    silent = [cell.source for cell in notebook.cells[2:] if cell.cell_type == "code" and not cell.outputs]
    assert not silent


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path):
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in cells)
