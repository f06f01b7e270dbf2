"""Kept gates that are closed, or as good as closed, are never kept without a word."""

import io

import numpy as np
import pytest
from rich.console import Console

from autofis_kedro.models import ModelSpec
from autofis_kedro.reporting.numbers import MINUS, alpha
from autofis_kedro.reporting.tables import render
from autofis_kedro.selection import Gates
from autofis_kedro.training import (
    ExtractionConfig,
    SearchConfig,
    TrainingConfig,
    extract_selection,
    ladder,
    search_gates,
)
from autofis_kedro.training.gate_notes import gate_notes
from tests.problems import all_pairs, planted_problem


def gates(*alphas):
    duals = [value + np.sign(value or 1) * 0.5 for value in alphas]
    return Gates(np.array(alphas), np.array(duals), all_pairs(4)[: len(alphas)])


@pytest.mark.parametrize(
    ("alphas", "size", "is_given", "said"),
    [
        ((0.3, -0.2, 0.1, 0.0), 3, False, []),
        ((0.3, 0.0, 0.0), 2, False, ["1 of 2 kept gates are closed (alpha 0): the search left 1 open, and the valid"]),
        ((0.3, 0.0, 0.0), 3, True, ["2 of 3 kept gates are closed (alpha 0): the search left 1 open, and more were"]),
        ((0.3, -9e-4, 2e-5), 3, False, ["2 of 3 kept gates are barely open: |alpha| is below 0.001"]),
        ((0.3, 2e-5, 0.0), 1, False, []),
        ((0.3, 2e-5, 0.0), 3, False, ["1 of 3 kept gates are closed", "1 of 3 kept gates are barely open"]),
        ((0.1, 0.05, 0.0), 1, False, ["after 5 steps of search the largest |alpha| is 0.1, and gates start at 0.6"]),
        ((0.0, 0.0, 0.0), 1, False, ["after 5 steps of search all 3 gates are closed", "1 of 1 kept gates are closed"]),
        ((0.0, 0.0, 0.0), 0, False, []),
        ((0.1,), 1, False, []),
    ],
)
def test_what_is_said_of_kept_gates(alphas, size, is_given, said):
    notes = gate_notes(gates(*alphas), size, is_given=is_given, steps=5)
    assert len(notes) == len(said)
    assert all(note.startswith(start) for note, start in zip(notes, said, strict=True))


def test_a_search_of_few_steps_is_said_to_tell_little_in_the_log_the_selection_and_the_summary(monkeypatch):
    logged = []
    monkeypatch.setattr(ladder.logger, "warning", lambda *call: logged.append(call))
    schema, train, valid = planted_problem(seed=1, n_rows=400)
    spec, config = ModelSpec(embedding_dim=2), TrainingConfig(batch_size=2000)
    found = search_gates(train, valid, schema, spec, config, SearchConfig(), seed=0)
    assert found.cost["steps"] == 1
    closed = found.gates.with_columns(alpha=0.0)
    inputs = (closed, found.weights, train, valid, schema, spec, config, ExtractionConfig())
    selection = extract_selection(*inputs, seed=0, steps=1)
    assert selection.rule == "smallest size as good as the best", "nothing falls where all is 0"
    assert selection.notes[0].startswith("after 1 step of search all 15 gates are closed")
    assert [call[1] for call in logged] == list(selection.notes)
    console = Console(file=io.StringIO(), width=200)
    render(console, None, {"autofm": selection}, "data")
    printed = console.file.getvalue()
    assert "closed" in printed.split("Note:")[0], "in the table"
    assert "Note: after 1 step of search all 15 gates are closed" in printed


def test_alpha_is_shown_with_digits_that_count():
    found = [alpha(value) for value in (0.61234, -0.0012, 0.00004, -3e-9, 0.0, None)]
    plain = [text.replace(MINUS, "-") for text in found]
    assert plain == ["+0.6123", "-0.0012", "+4.0e-05", "-3.0e-09", "closed", ""]
