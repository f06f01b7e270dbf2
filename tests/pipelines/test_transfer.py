"""Any selection into any model that has interactions."""

import json

import pytest
from safetensors.torch import load_file

from autofis_kedro.errors import UserError
from autofis_kedro.models import ModelSpec
from autofis_kedro.pipelines.transfer.nodes import TransferConfig, take_selection
from autofis_kedro.selection import keep_all, select
from autofis_kedro.trained_models import TrainedModels
from autofis_kedro.training import ModelConfig
from tests.kedro_project import TINY, kedro_run, newest
from tests.problems import schema_of

SCHEMA = schema_of([4, 5, 6])
PAIRS_ALONE = ModelConfig(spec=ModelSpec(embedding_dim=2))


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    folder = tmp_path_factory.mktemp("searched")
    result = kedro_run(folder, "--pipeline", "search", "--to-outputs", "autofm.selection", "--params", TINY)
    assert result.returncode == 0, result.stdout
    return folder


def transfer(folder, *params):
    return kedro_run(folder, "--pipeline", "transferred", "--params", ",".join([TINY, *params]))


def test_a_selection_on_disk_goes_into_the_named_model_without_a_search(searched):
    selection = newest(searched, "06_models/synthetic/autofm/selection.json")
    kept = json.loads(selection.read_text())["interactions"]
    for source in ("autofm", str(selection)):
        result = transfer(searched, f"selection_from={source}", "transfer_to=fwfm")
        assert result.returncode == 0, result.stdout
        assert "search_gates" not in result.stdout
        taken = json.loads(newest(searched, "06_models/synthetic/transferred/selection.json").read_text())
        assert taken["interactions"] == kept
        weights = load_file(newest(searched, "06_models/synthetic/transferred/weights.safetensors"))
        assert weights["seed_0/interactions.alpha_P"].shape == (len(kept),)
        metrics = json.loads(newest(searched, "07_model_output/synthetic/transferred/metrics.json").read_text())
        assert (metrics["search_seconds"] > 0) == (source == "autofm"), "a search that was paid for is counted"


def test_a_search_that_was_not_made_is_named(searched):
    result = transfer(searched, "selection_from=autodeepfm")
    assert result.returncode == 1
    assert "Error: selection_from 'autodeepfm': artifact 'autodeepfm.selection' does not exist" in result.stdout
    assert "Traceback" not in result.stdout


def take(tmp_path, text, model=PAIRS_ALONE, schema=SCHEMA):
    place = tmp_path / "selection.json"
    place.write_text(text)
    return take_selection(TrainedModels(tmp_path, tmp_path), schema, TransferConfig(selection_from=str(place)), model)


def test_triples_need_a_model_of_third_order(tmp_path):
    text = keep_all(SCHEMA, order=3).model_dump_json()
    with pytest.raises(UserError, match="has 1 triples, and the model of transfer_to takes pairs alone"):
        take(tmp_path, text)
    of_third = ModelConfig(spec=ModelSpec(embedding_dim=2, order=3))
    assert take(tmp_path, text, of_third)[0] == keep_all(SCHEMA, order=3)


def test_a_selection_of_other_data_is_refused(tmp_path):
    text = select(SCHEMA, [(0, 1)], "some").model_dump_json()
    with pytest.raises(UserError, match="was made for schema"):
        take(tmp_path, text, schema=schema_of([4, 5, 7]))
    with pytest.raises(UserError, match="'f2'"):
        take(tmp_path, select(SCHEMA, [(0, 2)], "some").model_dump_json(), schema=schema_of([4, 5]))


@pytest.mark.parametrize("text", ["", "[1, 2]", '{"dataset": "x"}'])
def test_another_file_is_refused(tmp_path, text):
    with pytest.raises(UserError, match=r"is no selection\.json as a search writes it"):
        take(tmp_path, text)


def test_a_missing_file_is_named(tmp_path):
    config = TransferConfig(selection_from=str(tmp_path / "none.json"))
    with pytest.raises(UserError, match=r"none\.json' cannot be read: No such file"):
        take_selection(TrainedModels(tmp_path, tmp_path), SCHEMA, config, PAIRS_ALONE)
