"""Figures 4 and 5 hold what they were given."""

import numpy as np
import polars as pl
import pytest

from autofis_kedro.errors import UserError
from autofis_kedro.reporting.synthetic_figures import BARS, alpha_of_planted, auc_over_epochs
from autofis_kedro.selection import Gates, from_gates
from tests.problems import schema_of

PLANTED = [["f2", "f0"], ["f0", "f1", "f2"], ["f1", "f3"]]


def gates_of(n_fields, alpha):
    schema = schema_of([4] * n_fields)
    return schema, Gates(np.array(alpha), np.array(alpha), schema.tuples(2))


def test_every_alpha_is_a_bar_by_rank_and_closed_gates_are_marked():
    schema, gates = gates_of(4, [0.0, -0.9, 0.3, 0.0, 0.2, 0.0])
    figure = alpha_of_planted(gates.frame(schema), from_gates(gates, schema, 2, "t"), PLANTED)
    found = {trace.name: dict(zip(trace.x, trace.y, strict=True)) for trace in figure.data}
    assert found["planted"] == {"f0 × f2": -0.9, "f1 × f3": 0.2}
    assert {pair: alpha for pair, alpha in found["not planted"].items() if alpha} == {"f0 × f3": 0.3}
    assert set(found["closed"]) == {"f0 × f1", "f1 × f2", "f2 × f3"}
    assert list(figure.layout.xaxis.categoryarray)[:3] == ["f0 × f2", "f0 × f3", "f1 × f3"]
    assert figure.layout.shapes[0].x0 == 1.5, "behind the two that were kept"
    assert "3 of 6 gates closed" in figure.layout.title.text


def test_of_many_pairs_the_foremost_are_drawn():
    schema, gates = gates_of(15, np.linspace(1, 0.1, 105))
    figure = alpha_of_planted(gates.frame(schema), from_gates(gates, schema, 80, "t"), PLANTED)
    assert sum(len(trace.x) for trace in figure.data[:2]) == BARS
    assert f"foremost {BARS}" in figure.layout.title.text
    assert not figure.layout.shapes, "the end of what was kept is not in sight"


@pytest.mark.parametrize("planted", [[], [["f0", "f1", "f2"]]])
def test_figure_5_needs_planted_pairs(planted):
    schema, gates = gates_of(4, np.ones(6))
    with pytest.raises(UserError, match="known planted pairs"):
        alpha_of_planted(gates.frame(schema), from_gates(gates, schema, 2, "t"), planted)


def test_auc_is_drawn_by_model_and_seed():
    history = pl.DataFrame({"seed": [0, 0, 1], "epoch": [0.5, 1.0, 1.0], "valid_auc": [0.6, 0.7, 0.8]})
    figure = auc_over_epochs({"fm": history, "autofm": history.filter(seed=1)})
    lines = [(trace.legendgroup, list(zip(trace.x, trace.y, strict=True))) for trace in figure.data]
    assert lines == [("fm", [(0.5, 0.6), (1.0, 0.7)]), ("fm", [(1.0, 0.8)]), ("autofm", [(1.0, 0.8)])]
    assert figure.data[0].name == "fm (best 0.7500)", "the mean over seeds"
    assert figure.data[0].line.color != figure.data[2].line.color
    with pytest.raises(UserError, match="needs columns valid_auc"):
        auc_over_epochs({"fm": history.drop("valid_auc")})
