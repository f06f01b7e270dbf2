"""``--params`` as a user types it."""

import re

import click
import pytest
from pydantic import ValidationError
from yaml import YAMLError

from autofis_kedro.cli import explain, run
from autofis_kedro.config_loader import check_globals
from autofis_kedro.data.description import DataDescription
from autofis_kedro.errors import UserError
from autofis_kedro.settings import CONFIG_LOADER_ARGS, CONFIG_LOADER_CLASS
from tests.kedro_project import CONF, ENVIRONMENTS


def given(text):
    option = next(option for option in run.params if option.name == "params")
    return option.callback(click.Context(run), option, text)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("epochs=1,search.epochs=2", {"epochs": 1, "search": {"epochs": 2}}),
        ("epochs=1, evidence.orders=[2, 3],seed=4", {"epochs": 1, "evidence": {"orders": [2, 3]}, "seed": 4}),
        ("evidence.alpha=.05,evidence.orders=[2,3]", {"evidence": {"alpha": 0.05, "orders": [2, 3]}}),
        ("numeric={method: edges, edges: [1]},seed=4", {"numeric": {"method": "edges", "edges": [1]}, "seed": 4}),
        ("raw_path=log[1].csv,epochs=2", {"raw_path": "log[1].csv", "epochs": 2}),
        ("raw_path=log[1,epochs=2", {"raw_path": "log[1", "epochs": 2}),
        ('raw_path="*.csv"', {"raw_path": "*.csv"}),
        ("predict_keys=id+=1+1", {"predict_keys": "id+=1+1"}),
        ("", {}),
    ],
)
def test_commas_between_brackets_are_a_lists(text, read):
    assert given(text) == read


@pytest.mark.parametrize("text", ["raw_path=*.csv", "raw_path=[x].csv", "predict_keys=@user", "epochs=[1"])
def test_what_is_no_yaml_is_refused_with_the_way_out(text):
    with pytest.raises(click.UsageError, match=r"is no YAML .*; text .* stands in quotes of its own"):
        given(text)


def loader_of(folder, text):
    for name in ("base", "mine"):
        (folder / name).mkdir()
    (folder / "base/globals.yml").write_text("min_count: 1\n", encoding="utf-8")
    (folder / "base/parameters.yml").write_text('bucketing: {min_count: "${globals:min_count,1}"}\n', encoding="utf-8")
    (folder / "mine/globals.yml").write_text(text, encoding="utf-8")
    return CONFIG_LOADER_CLASS(str(folder), env="mine", **CONFIG_LOADER_ARGS)


def test_a_misspelled_global_is_refused(tmp_path):
    loader = loader_of(tmp_path, "min_cuont: 5\n")
    with pytest.raises(UserError, match=r"globals\.yml: parameter 'min_cuont' .*mean 'min_count'"):
        check_globals(loader)


def test_a_users_own_global_may_be_read_or_begin_with_an_underscore(tmp_path):
    loader = loader_of(tmp_path, "min_count: 5\nmine: 3\n_note: x\n")
    (tmp_path / "mine/parameters.yml").write_text("seed: ${globals:mine}\n", encoding="utf-8")
    check_globals(loader)


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_all_globals_of_the_project_are_read(env):
    check_globals(CONFIG_LOADER_CLASS(str(CONF), env=env, **CONFIG_LOADER_ARGS))


def test_a_globals_file_that_is_no_yaml_is_named_with_its_line(tmp_path):
    with pytest.raises(YAMLError) as found:
        loader_of(tmp_path, "min_count: 1\nepochs: 3: 4\nseed: 3\n")
    assert re.search(r"mine/globals\.yml, line 2: mapping values are not allowed here", explain(found.value))


def test_what_should_be_a_mapping_or_a_list_is_said_so():
    with pytest.raises(ValidationError) as found:
        DataDescription.model_validate({"label": "y", "fields": ["a"], "missing": "NA"})
    said = explain(found.value)
    assert "label: Input should be a mapping, {name: value} (found: 'y')" in said
    assert "fields.0: Input should be a mapping, {name: value} (found: 'a')" in said
    assert "missing: Input should be a list (found: 'NA')" in said
