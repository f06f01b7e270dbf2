"""Several searches: each is the search that its seed gives alone, and an interrupted run goes on."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from autofis_kedro.models import ModelSpec
from autofis_kedro.training import (
    CheckpointConfig,
    ExtractionConfig,
    SearchConfig,
    TrainingConfig,
    extract_selection,
    search_gates,
    searches,
)
from autofis_kedro.training.search import search_training
from tests.problems import planted_problem

SPEC, TRAINING = ModelSpec(embedding_dim=2), TrainingConfig(batch_size=400, learning_rate=0.01)
SCHEMA, TRAIN, VALID = planted_problem(1, n_fields=4, n_values=5, n_rows=4000, planted=((0, 1),))


def several(checkpoints=None, search=None, extraction=None):
    search, extraction = search or SearchConfig(), extraction or ExtractionConfig()
    given = (TRAIN, VALID, SCHEMA, SPEC, TRAINING, search, extraction)
    return searches.Searches(*given, name="several", checkpoints=checkpoints)


@pytest.fixture(scope="module")
def straight():
    return several().run(3, seed=5)


@pytest.fixture
def checkpoints(tmp_path):
    return CheckpointConfig(folder=tmp_path, minutes=5)


def calls_of(monkeypatch, name, fails=False):
    """Seeds that a function of the module is called with from here on."""
    seeds, original = [], getattr(searches, name)

    def watched(*given, seed, **named):
        seeds.append(seed)
        if fails:
            raise KeyboardInterrupt
        return original(*given, seed=seed, **named)

    monkeypatch.setattr(searches, name, watched)
    return seeds


def test_each_search_is_that_of_its_seed_and_keeps_what_the_extraction_keeps(straight):
    assert straight["seed"].unique().sort().to_list() == [5, 6, 7]
    search = SearchConfig()
    alone = search_gates(TRAIN, VALID, SCHEMA, SPEC, TRAINING, search, seed=6)
    found = straight.filter(seed=6)
    assert_frame_equal(found.drop("seed", "kept"), alone.gates)
    tuning = search_training(TRAINING, search)
    inputs = (alone.gates, alone.weights, TRAIN, VALID, SCHEMA, SPEC, tuning, ExtractionConfig())
    kept = {interaction.fields for interaction in extract_selection(*inputs, seed=6).interactions}
    assert set(found.filter("kept").select("field_1", "field_2").rows()) == kept
    assert 0 < len(kept) < 6


def test_finished_searches_are_recalled(straight, checkpoints, monkeypatch):
    assert_frame_equal(several(checkpoints).run(2, seed=5), straight.filter(pl.col("seed") < 7))
    searched = calls_of(monkeypatch, "search_gates")
    extracted = calls_of(monkeypatch, "extract_selection")
    assert_frame_equal(several(checkpoints).run(3, seed=5), straight)
    assert searched == extracted == [7]
    several(checkpoints, search=SearchConfig(normalize=False)).run(2, seed=5)
    assert searched == [7, 5, 6], "another search is no search that was finished"


def test_a_search_that_was_stopped_in_its_extraction_is_not_made_again(straight, checkpoints, monkeypatch):
    with monkeypatch.context() as stopped:
        calls_of(stopped, "extract_selection", fails=True)
        with pytest.raises(KeyboardInterrupt):
            several(checkpoints).run(2, seed=5)
    searched = calls_of(monkeypatch, "search_gates")
    assert_frame_equal(several(checkpoints).run(2, seed=5), straight.filter(pl.col("seed") < 7))
    assert searched == [6]
