"""A run works on one set of versions from its beginning to its end."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from kedro.io.core import Version
from kedro.pipeline import node, pipeline

from autofis_kedro.errors import UserError
from autofis_kedro.run_guard import OneRunAtATime
from autofis_kedro.sources.artifacts import JSONDataset
from autofis_kedro.sources.run_lock import HELD

EARLIER, NOW, FUTURE = "2026-01-01T00.00.00.000Z", "2026-05-01T00.00.00.000Z", "2031-12-31T23.59.59.999Z"


@pytest.fixture(autouse=True)
def nothing_held(monkeypatch):
    monkeypatch.setenv(HELD, "")


@pytest.fixture
def catalog_of(tmp_path):
    def make(version, **load):
        names = ("rows", "weights")
        place = tmp_path / "data" / "06_models" / "shop"
        return Catalog(
            {n: JSONDataset(filepath=str(place / f"{n}.json"), version=Version(load.get(n), version)) for n in names}
        )

    return make


class Catalog(dict):
    """A catalog that can be referred to weakly, as kedro's can."""


TRAIN = pipeline([node(lambda rows: rows, "rows", "weights")])


def begin(guard, catalog, version=NOW, **params):
    guard.before_pipeline_run({"run_id": version, "runtime_params": params}, TRAIN, catalog)


def test_a_run_loads_what_it_saved_though_another_saved_later(catalog_of):
    run, later = catalog_of(NOW), catalog_of(FUTURE)
    run["weights"].save(1)
    later["weights"].save(2)
    assert run["weights"].load() == 1
    run["weights"].release()  # forgets what was cached, as kedro does between nodes
    assert run["weights"].load() == 1
    assert catalog_of("2027-01-01T00.00.00.000Z")["weights"].load() == 2, "who only reads gets the newest"
    assert catalog_of("2027-01-01T00.00.00.000Z", weights=NOW)["weights"].load() == 1


def test_what_a_run_reads_is_pinned_when_it_begins(catalog_of):
    catalog_of(EARLIER)["rows"].save("old")
    run = catalog_of(NOW)
    begin(OneRunAtATime(), run)
    catalog_of("2026-04-01T00.00.00.000Z")["rows"].save("new")
    run["rows"].release()
    assert run["rows"].load() == "old"


def test_what_a_run_makes_is_the_newest_though_the_clock_was_set_back(catalog_of, caplog):
    catalog_of(FUTURE)["weights"].save("old")
    catalog_of(EARLIER)["rows"].save(0)
    run = catalog_of(NOW)
    begin(OneRunAtATime(), run)
    assert "the clock is behind" in caplog.text
    run["weights"].save("new")
    assert run["weights"].load() == "new"
    assert catalog_of("2032-06-01T00.00.00.000Z")["weights"].load() == "new", "and for whoever comes after"
    assert run["weights"].list_versions(full_path=False) == ["2032-01-01T00.00.00.000Z", FUTURE]


def test_the_lock_is_held_while_a_run_lasts(catalog_of, tmp_path):
    guard, run, other = OneRunAtATime(), catalog_of(NOW), catalog_of(FUTURE)
    begin(guard, run)
    assert is_free(tmp_path) is False
    begin(guard, other)  # a run within the run
    guard.after_pipeline_run(catalog=other)
    assert is_free(tmp_path) is False
    guard.on_pipeline_error(catalog=run)
    assert is_free(tmp_path)


def test_an_interrupted_run_in_a_notebook_holds_nothing_when_it_is_forgotten(catalog_of, tmp_path):
    guard = OneRunAtATime()
    begin(guard, catalog_of(NOW))  # no hook ends it
    again = catalog_of(FUTURE)
    begin(guard, again)
    guard.after_pipeline_run(catalog=again)
    assert is_free(tmp_path)


def is_free(folder):
    script = (
        "import sys; from pathlib import Path; from autofis_kedro.sources.run_lock import RunLock;"
        "RunLock(Path(sys.argv[1])).acquire()"
    )
    command = [sys.executable, "-c", script, str(folder / "data" / ".shop.lock")]
    return subprocess.run(command, env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True).returncode == 0


def test_what_killed_runs_left_is_cleared(catalog_of, tmp_path):
    rows = tmp_path / "data" / "02_intermediate" / "shop" / "typed_rows.parquet" / EARLIER
    (rows / "raw_x1").mkdir(parents=True)
    (rows / "raw_x1" / "log.csv").write_text("x")
    (rows / "typed_rows.parquet.partial").write_text("half")
    examples = tmp_path / "data" / "05_model_input" / "shop" / "train_examples" / EARLIER
    (examples / ".train_examples.partial.abc").mkdir(parents=True)
    checkpoints = tmp_path / "data" / "06_models" / "shop" / "checkpoints" / "fm"
    checkpoints.mkdir(parents=True)
    (checkpoints / "seed_0.safetensors.77.partial").write_text("half")
    kept = [checkpoints / "seed_0.safetensors", tmp_path / "data" / "01_raw" / "shop" / EARLIER / "mine.partial"]
    kept.append(tmp_path / "data" / "02_intermediate" / "other" / "x.json" / EARLIER / "x.json.partial")
    for path in kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("kept")
    begin(OneRunAtATime(), catalog_of(NOW))
    assert sorted(p for p in (tmp_path / "data").rglob("*") if p.is_file() and p.suffix != ".lock") == sorted(kept)
    assert not rows.exists()
    assert not examples.exists()


def test_whether_to_wait_is_a_truth_value(catalog_of):
    with pytest.raises(UserError, match="wait_for_lock is 'perhaps'"):
        begin(OneRunAtATime(), catalog_of(NOW), wait_for_lock="perhaps")


def test_a_run_that_writes_nothing_takes_no_lock(catalog_of, tmp_path):
    only_reads = SimpleNamespace(all_outputs=lambda: set(), inputs=lambda: {"rows"})
    OneRunAtATime().before_pipeline_run({"run_id": NOW}, only_reads, catalog_of(NOW))
    assert not (tmp_path / "data").exists()
