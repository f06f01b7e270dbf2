"""FFM by xlearn: the same formula as ours, and every way it can go wrong named."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from autofis_kedro.data.batches import take
from autofis_kedro.data.schema import MISSING, OTHER, UNSEEN
from autofis_kedro.errors import UserError
from autofis_kedro.models import CTRModel, ModelSpec
from autofis_kedro.selection import keep_all, select
from autofis_kedro.training import (
    CheckpointConfig,
    ModelConfig,
    SeedsConfig,
    takes_xlearn,
    train_seeds_by_xlearn,
    xlearn,
)
from autofis_kedro.training.xlearn import XLearnConfig, fit_by_xlearn
from autofis_kedro.training.xlearn_files import read_model, write_libffm
from tests.problems import planted_problem, schema_of

SPEC = ModelSpec(embedding_dim=3, field_aware=True)
needs_xlearn = pytest.mark.skipif(
    importlib.util.find_spec("xlearn") is None, reason="xlearn is not installed: pip install 'autofis-kedro[ffm]'"
)


@pytest.fixture
def problem():
    return planted_problem(0, n_fields=3, n_values=6, n_rows=4000, planted=((0, 1),))


def child(tmp_path, monkeypatch, program):
    """Another program in the place of xlearn's, with the same files."""
    place = tmp_path / "child.py"
    place.write_text(program)
    monkeypatch.setattr(xlearn, "CHILD", place)
    monkeypatch.setattr(xlearn, "is_installed", lambda: True)


def test_rows_become_libffm_text(tmp_path, problem):
    schema, train, _ = problem
    write_libffm(train, schema, tmp_path / "rows")
    lines = (tmp_path / "rows").read_text().splitlines()
    assert len(lines) == train.n_rows
    for row in (0, 17, train.n_rows - 1):
        ids = " ".join(f"{field}:{i}:1" for field, i in enumerate(train.one_hot[row]))
        assert lines[row] == f"{train.labels[row]} {ids}"


def test_a_text_model_becomes_the_formulas_weights(tmp_path):
    schema = schema_of([4, 4])
    (tmp_path / "model.txt").write_text("bias: 0.5\ni_3: 1.0\ni_6: 2.0\nv_3_1: 1 2 3\nv_6_0: 4 5 6\n")
    model = CTRModel(SPEC, schema)
    model.load_state_dict(read_model(tmp_path / "model.txt", schema, 3))
    batch = take(planted_problem(0, n_fields=2, n_values=1, n_rows=50, planted=())[1], slice(0, 1))
    assert batch.one_hot_BO.tolist() == [[3, 7]]
    batch.one_hot_BO[0, 1] = 6
    assert model(batch).item() == pytest.approx(0.5 + 1 + 2 + (4 + 10 + 18))


@needs_xlearn
def test_our_logits_are_xlearns_own_predictions(tmp_path, problem):
    schema, train, valid = problem
    write_libffm(train, schema, tmp_path / "train")
    write_libffm(valid, schema, tmp_path / "valid")
    program = (
        "import xlearn\nmodel = xlearn.create_ffm()\nmodel.setTrain('train')\nmodel.setValidate('valid')\n"
        "model.setTXTModel('model.txt')\nmodel.disableNorm()\n"
        "model.fit({'task': 'binary', 'k': 3, 'lr': 0.2, 'lambda': 1e-5, 'epoch': 4}, 'model.bin')\n"
        "model.setTest('valid')\nmodel.setSigmoid()\nmodel.predict('model.bin', 'predicted')\n"
    )
    environment = {"USER": "x", "PATH": "/usr/bin"}
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True, capture_output=True)
    model = CTRModel(SPEC, schema)
    model.load_state_dict(read_model(tmp_path / "model.txt", schema, 3))
    ours = torch.sigmoid(model(take(valid, slice(None)))).detach().numpy()
    # xlearn writes six significant digits of each weight and prediction
    np.testing.assert_allclose(ours, np.loadtxt(tmp_path / "predicted"), atol=2e-5)


@needs_xlearn
def test_a_seed_repeats_itself_learns_and_leaves_nothing_behind(problem):
    schema, train, valid = problem
    before = set(Path("/tmp").glob("xlearn*"))
    config = XLearnConfig(learning_rate=0.3, epochs=6)
    first, again, other = (fit_by_xlearn(train, valid, schema, SPEC, config, seed=seed) for seed in (0, 0, 1))
    assert set(Path("/tmp").glob("xlearn*")) <= before
    assert all(torch.equal(first.weights[name], again.weights[name]) for name in first.weights)
    assert not torch.equal(first.weights["embedding.weight"], other.weights["embedding.weight"])
    losses = first.history["valid_log_loss"].to_list()
    assert losses[-1] < losses[0] < 0.7
    for start in schema.offsets[:-1]:
        assert not first.weights["embedding.weight"][[start + MISSING, start + UNSEEN, start + OTHER]].any()


@needs_xlearn
def test_many_fields_start_near_the_logit_zero():
    schema, train, valid = planted_problem(0, n_fields=30, n_values=6, n_rows=4000, planted=())
    still = XLearnConfig(learning_rate=1e-9, epochs=1)
    assert fit_by_xlearn(train, valid, schema, SPEC, still, seed=0).history["valid_log_loss"][0] < 0.75
    its_own = still.model_copy(update={"initial_scale": 0.66})
    assert fit_by_xlearn(train, valid, schema, SPEC, its_own, seed=0).history["valid_log_loss"][0] > 5


@needs_xlearn
def test_finished_seeds_are_recalled(tmp_path, problem, monkeypatch):
    schema, train, valid = problem
    model = ModelConfig(spec=SPEC, engine="xlearn", xlearn=XLearnConfig(epochs=2))
    checkpoints = CheckpointConfig(folder=tmp_path, minutes=0)
    one = SeedsConfig(n_seeds=1)
    given = (train, valid, schema, keep_all(schema), model)
    train_seeds_by_xlearn(*given, one, checkpoints=checkpoints)
    both = train_seeds_by_xlearn(*given, SeedsConfig(n_seeds=2), checkpoints=checkpoints)
    assert both.history["seed"].to_list() == [0, 0, 1, 1]
    child(tmp_path, monkeypatch, "raise SystemExit('not again')")
    recalled = train_seeds_by_xlearn(*given, SeedsConfig(n_seeds=2), checkpoints=checkpoints)
    assert recalled.history.equals(both.history)
    assert all(torch.equal(recalled.weights[name], both.weights[name]) for name in both.weights)


FAILURES = {
    "xlearn was killed by SIGSEGV": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
    "xlearn failed: The bad thing; use engine: torch": "print('hello')\nprint('The bad thing')",
    "xlearn failed: it printed nothing": "raise SystemExit(3)",
    "weights that are not finite: reduce xlearn.learning_rate": (
        "open('model.txt', 'w').write('bias: nan\\n')\nopen('done', 'w')"
    ),
}


@pytest.mark.parametrize("message", FAILURES)
def test_what_xlearn_does_wrong_becomes_our_error(tmp_path, monkeypatch, problem, message):
    child(tmp_path, monkeypatch, FAILURES[message])
    schema, train, valid = problem
    with pytest.raises(UserError, match=message):
        fit_by_xlearn(train, valid, schema, SPEC, XLearnConfig(), seed=0)


def test_without_xlearn_the_extra_is_named_and_auto_takes_torch(monkeypatch, problem):
    schema, train, valid = problem
    monkeypatch.setattr(xlearn.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'autofis-kedro\[ffm\]'"):
        fit_by_xlearn(train, valid, schema, SPEC, XLearnConfig(), seed=0)
    assert not takes_xlearn(ModelConfig(spec=SPEC, engine="auto"), schema, "ffm")
    assert takes_xlearn(ModelConfig(spec=SPEC, engine="xlearn"), schema, "ffm")


def test_what_xlearn_cannot_train_is_named(monkeypatch, problem):
    monkeypatch.setattr(xlearn, "is_installed", lambda: True)
    schema, train, valid = problem
    with pytest.raises(UserError, match="field 'f1' is multi-hot"):
        xlearn.check(schema_of([4, 4], multi_hot=(1,)))
    some = select(schema, [(0, 1)], "some")
    model = ModelConfig(spec=SPEC, engine="xlearn")
    with pytest.raises(UserError, match="over all pairs, and the selection leaves some out"):
        train_seeds_by_xlearn(train, valid, schema, some, model, SeedsConfig())
    with pytest.raises(ValueError, match="engine: xlearn trains FFM alone"):
        ModelConfig(spec=ModelSpec(embedding_dim=3), engine="xlearn")
