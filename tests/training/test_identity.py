"""A checkpoint's name holds all that its training depends on: nothing continues the training of anything else."""

from inspect import signature
from pathlib import Path

import numpy as np
import pytest

from autofis_kedro.compiled import plain_torch
from autofis_kedro.data.examples import Examples, IdLists
from autofis_kedro.models import ModelSpec
from autofis_kedro.selection import random_selection, select
from autofis_kedro.training import CheckpointConfig, ExtractionConfig, ModelConfig, SearchConfig, SeedsConfig
from autofis_kedro.training import checkpoint as checkpoint_module
from autofis_kedro.training.checkpoint import Checkpoint
from autofis_kedro.training.draws import train_draws
from autofis_kedro.training.search import search_gates
from autofis_kedro.training.searches import Searches
from autofis_kedro.training.seeds import train_seeds
from autofis_kedro.training.xlearn_seeds import train_seeds_by_xlearn
from tests.problems import random_examples, schema_of
from tests.training.small import CONFIG

SCHEMA = schema_of([9, 8, 7])
MULTI_HOT = schema_of([9, 8, 7], multi_hot=(1,))
OTHER_SCHEMA = schema_of([9, 8, 7], other_rows=1)
TRAIN, VALID = random_examples(SCHEMA, 90_000, 0), random_examples(SCHEMA, 70_000, 1)
SPEC = ModelSpec(embedding_dim=2, weighting="learned")
FOLDER = Path("checkpoints")


class Asked(Exception):
    """A training asked for its checkpoint: all that is wanted of it here."""


@pytest.fixture
def asked(monkeypatch):
    """Which checkpoint a training asks for first."""

    def load(checkpoint):
        raise Asked(checkpoint.path)

    monkeypatch.setattr(Checkpoint, "load", load)

    def path(job, **given):
        with pytest.raises(Asked) as found:
            job(**given)
        return found.value.args[0]

    return path


def seeds(train=TRAIN, valid=VALID, schema=SCHEMA, spec=SPEC, training=CONFIG, seed=0, kept=0, warm_alpha=False):
    chosen = select(schema, [schema.tuples(2)[kept]], "chosen", [0.1])
    given = {"seed": seed, "warm_alpha": warm_alpha, "checkpoints": CheckpointConfig(folder=FOLDER), "name": "m"}
    train_seeds(train, valid, schema, chosen, spec, training, n_seeds=1, **given)


def search(train=TRAIN, valid=VALID, schema=SCHEMA, spec=SPEC, training=CONFIG, seed=0, epochs=1):
    given = {"seed": seed, "checkpoints": CheckpointConfig(folder=FOLDER), "name": "m"}
    search_gates(train, valid, schema, spec, training, SearchConfig(epochs=epochs), **given)


def searches(train=TRAIN, valid=VALID, schema=SCHEMA, spec=SPEC, training=CONFIG, seed=0, epochs=1, tolerance=2.0):
    given = {"name": "m", "checkpoints": CheckpointConfig(folder=FOLDER)}
    rules = SearchConfig(epochs=epochs), ExtractionConfig(tolerance=tolerance)
    Searches(train, valid, schema, spec, training, *rules, **given).run(1, seed)


def xlearn(train=TRAIN, valid=VALID, schema=SCHEMA, size=2, seed=0):
    spec = ModelSpec(embedding_dim=size, field_aware=True)
    everything, model = select(schema, schema.tuples(2), "all"), ModelConfig(spec=spec, engine="xlearn")
    given = {"checkpoints": CheckpointConfig(folder=FOLDER), "name": "m"}
    train_seeds_by_xlearn(train, valid, schema, everything, model, SeedsConfig(seed=seed), **given)


def with_other_label(examples, row):
    labels = examples.labels.copy()
    labels[row] = 1 - labels[row]
    return Examples.from_arrays(examples.one_hot, labels)


ROWS = {"train": with_other_label(TRAIN, 77_777), "valid": with_other_label(VALID, 33_333)}
CHANGED = {
    **ROWS,
    "schema": OTHER_SCHEMA,
    "spec": SPEC.model_copy(update={"embedding_dim": 3}),
    "training": CONFIG.model_copy(update={"patience": 1}),
    "seed": 1,
    "kept": 1,
    "warm_alpha": True,
    "epochs": 2,
    "tolerance": 1.0,
    "size": 3,
}
"""Arguments of which any other value is another result."""


@pytest.mark.parametrize("job", [seeds, search, searches, xlearn])
def test_whatever_the_result_depends_on_is_another_checkpoint(job, asked):
    usual = asked(job)
    assert usual.is_relative_to(FOLDER / "m"), "cleared with the folder of its training"
    assert asked(job, train=Examples.from_arrays(TRAIN.one_hot.copy(), TRAIN.labels)) == usual
    for name in signature(job).parameters:
        assert asked(job, **{name: CHANGED[name]}) != usual, name


def test_other_hands_releases_and_forms_are_another_checkpoint(asked, monkeypatch):
    usual = asked(seeds)
    with plain_torch():
        assert asked(seeds) != usual
    for name in ("FORMAT", "__version__"):
        with monkeypatch.context() as patched:
            patched.setattr(checkpoint_module, name, "another")
            assert asked(seeds) != usual


def test_draws_have_folders_within_the_training(asked):
    chosen = [random_selection(SCHEMA, 1, seed) for seed in (0, 1)]
    given = {"seed": 0, "checkpoints": CheckpointConfig(folder=FOLDER), "name": "m"}
    path = asked(lambda: train_draws(TRAIN, VALID, SCHEMA, chosen, SPEC, CONFIG, **given))
    assert path.parent == FOLDER / "m" / "draw_0"


def test_the_content_of_rows_changes_with_every_id_label_and_boundary():
    rows = random_examples(MULTI_HOT, 50, 0)
    lists = rows.bags[1]
    moved = lists.offsets.copy()
    moved[1] += 1 if lists.offsets[2] - lists.offsets[1] > 1 else -1
    others = [with_value(rows.one_hot, (49, 1)), rows.one_hot]
    found = {
        rows.content,
        Examples.from_arrays(others[0], rows.labels, rows.bags).content,
        Examples.from_arrays(rows.one_hot, with_value(rows.labels, 49, 1 - rows.labels[49]), rows.bags).content,
        Examples.from_arrays(
            rows.one_hot, rows.labels, {1: IdLists(with_value(lists.values, -1), lists.offsets)}
        ).content,
        Examples.from_arrays(rows.one_hot, rows.labels, {1: IdLists(lists.values, moved)}).content,
    }
    assert len(found) == 5
    assert Examples.from_arrays(rows.one_hot, rows.labels, rows.bags).content == rows.content
    assert Examples.from_arrays(np.empty((3, 0)), np.array([0, 1, 0])).content


def with_value(array, place, value=0):
    changed = np.array(array)
    changed[place] = value
    return changed
