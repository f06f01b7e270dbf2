"""``--params`` as a user types it."""

import click
import pytest

from autofis_kedro.cli import run


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
