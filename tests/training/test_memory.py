"""A training that cannot fit is refused with figures, before anything is allocated."""

import subprocess
import sys
from pathlib import Path

import pytest

from autofis_kedro.errors import UserError
from autofis_kedro.models import CTRModel, ModelSpec
from autofis_kedro.selection import keep_all
from autofis_kedro.training import SearchConfig, TrainingConfig, evaluate, memory, search_gates, train_seeds
from tests.models.sized_logits import logits_and_bounds
from tests.models.zoo import SPECS, shaken
from tests.problems import planted_problem, schema_of
from tests.rounding import assert_within, bound

TRIPLES = ModelSpec(order=3, embedding_dim=3, normalize=True, weighting="learned")


@pytest.mark.parametrize("name", SPECS)
def test_the_weights_are_those_of_the_models_tables(name):
    schema = schema_of([50, 60, 40])
    tables = CTRModel(SPECS[name], schema).tables
    n_weights = sum(table.weight.numel() for table in tables)
    assert memory.weight_bytes(SPECS[name], schema) == 3 * 4 * n_weights


def test_a_machine_has_memory():
    assert memory.memory_of("cpu") > 100_000_000


def test_a_container_that_has_less_decides(tmp_path, monkeypatch):
    said = tmp_path / "memory.max"
    monkeypatch.setattr(memory, "CGROUP_LIMIT", said)
    physical = memory.memory_of("cpu")
    said.write_text("max\n")
    assert memory.memory_of("cpu") == physical
    said.write_text("1000\n")
    assert memory.memory_of("cpu") == 1000


def test_a_table_beyond_memory_is_refused():
    with pytest.raises(UserError, match=r"fm needs at least [\d,.]+ GB .* 2,000,000,000 ids .*embedding_dim, now 400"):
        memory.check_memory("fm", ModelSpec(embedding_dim=400), schema_of([10**9] * 2), TrainingConfig())


def test_triples_beyond_memory_are_refused_by_training_and_search(monkeypatch):
    schema, train, valid = planted_problem(0, n_fields=8, n_values=5, n_rows=100, planted=())
    monkeypatch.setattr(memory, "memory_of", lambda device: 1_000)
    huge = TrainingConfig(batch_size=2_000_000_000)
    message = r"big needs at least [\d,]+\.\d GB .* 80 rows over 28 pairs and 56 triples .*batch_size"
    with pytest.raises(UserError, match=message):
        train_seeds(train, valid, schema, keep_all(schema, 3), TRIPLES, huge, n_seeds=1, seed=0, name="big")
    with pytest.raises(UserError, match=message):
        search_gates(train, valid, schema, TRIPLES, huge, SearchConfig(), seed=0, name="big")
    monkeypatch.undo()
    memory.check_memory("fits", TRIPLES, schema, TrainingConfig())


@pytest.mark.parametrize("name", ["fm", "ffm", "afm", "autodeepfm_3rd", "pin"])
def test_predictions_do_not_depend_on_the_rows_at_once(name, monkeypatch):
    schema, _, valid = planted_problem(0, n_fields=4, n_values=5, n_rows=500, planted=())
    model = shaken(SPECS[name], schema)
    whole = evaluate.predict(model, valid, TrainingConfig())
    monkeypatch.setattr(evaluate, "FEWEST_ROWS", 7)
    monkeypatch.setattr(evaluate, "BYTES_AT_ONCE", 1)
    assert evaluate.rows_at_once(model) == 7
    _, off = logits_and_bounds(model, valid, 20)
    # a probability moves by a quarter of what the logit does; no row has terms ten times those of the first twenty
    assert_within(evaluate.predict(model, valid, TrainingConfig()), whole, 10 * 2 * off.max() / 4 + bound(4, 1.0))


SEARCH_OF_39_FIELDS = """
import resource
from autofis_kedro.models import ModelSpec
from autofis_kedro.training import SearchConfig, TrainingConfig, search_gates
from tests.problems import planted_problem
schema, train, valid = planted_problem(0, n_fields=39, n_values=50, n_rows=5000, planted=())
spec = ModelSpec(order=3, embedding_dim=20)
found = search_gates(train, valid, schema, spec, TrainingConfig(batch_size=2000), SearchConfig(epochs=1), seed=0)
print(len(found.gates), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kB on Linux alone")
def test_a_search_of_criteos_9139_triples_takes_less_than_4_gb():
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", SEARCH_OF_39_FIELDS], cwd=root, capture_output=True, text=True, check=True
    )
    n_gates, peak_kb = map(int, done.stdout.split()[-2:])
    assert n_gates == 9139
    assert peak_kb < 4e6
