"""The evidence beside the search, as tables, sentences and figures."""

from __future__ import annotations

import polars as pl
import pytest
from rich.console import Console

from autofis_kedro.data.schema import Field, Schema
from autofis_kedro.evidence.tables import CONFIRMED, JOINT, NOT_CONFIRMED, TESTS
from autofis_kedro.reporting.evidence_plots import gain_dots, joint_value_map
from autofis_kedro.reporting.evidence_table import COLUMNS, evidence_summary, evidence_table, evidence_terminal
from autofis_kedro.selection import Selection, select

SCHEMA = Schema(dataset="d", fields=tuple(Field(name=n, kind="categorical", size=5) for n in ("a", "[/b]", "c <b>")))


@pytest.fixture
def tested() -> pl.DataFrame:
    rows = [
        ("a x c <b>", ["a", "c <b>"], 2, 9.0, 1e-19, 3e-19, 1.5, 0.2, CONFIRMED, 0.0, 0.1),
        ("a x [/b]", ["a", "[/b]"], 2, 4.0, 1e-5, 3e-5, 0.5, 0.2, "proxy of a x c <b>", 0.0, 0.1),
        ("[/b] x c <b>", ["[/b]", "c <b>"], 2, 0.1, 0.4, 1.0, -0.1, 0.1, NOT_CONFIRMED, 0.2, 0.2),
    ]
    return pl.DataFrame(rows, schema=TESTS, orient="row")


@pytest.fixture
def gates() -> pl.DataFrame:
    # the order of the fields is the search's
    pairs = [("a", "[/b]", 0.3), ("a", "c <b>", -0.2), ("[/b]", "c <b>", 0.0)]
    return pl.DataFrame(pairs, schema=["field_1", "field_2", "alpha"], orient="row")


def kept(*pairs: tuple[int, int]) -> Selection:
    return select(SCHEMA, pairs, "test")


def test_alpha_and_what_is_kept_stand_beside_the_test(tested: pl.DataFrame, gates: pl.DataFrame) -> None:
    table = evidence_table(tested, [gates], kept((0, 1), (1, 2)))
    assert tuple(table.columns) == COLUMNS
    assert table["alpha"].to_list() == [-0.2, 0.3, 0.0]
    assert table["kept"].to_list() == [False, True, True]


def test_without_a_search_the_confirmed_ones_are_kept(tested: pl.DataFrame) -> None:
    table = evidence_table(tested)
    assert table["kept"].to_list() == [True, False, False]
    assert table["alpha"].null_count() == 3


def test_the_summary_counts_what_is_kept_and_names_what_is_missed(tested: pl.DataFrame, gates: pl.DataFrame) -> None:
    said = evidence_summary(evidence_table(tested, [gates], kept((0, 1), (1, 2))))
    assert said[0].startswith("2 interactions kept: 0 confirmed by joint values, 1 proxies of others")
    assert said[0].endswith("1 not confirmed.")
    assert said[1] == "Confirmed and not kept: a x c <b>."


def test_names_are_shown_as_written(tested: pl.DataFrame, gates: pl.DataFrame) -> None:
    console = Console(width=140, record=True, file=None, quiet=False)
    with console.capture() as found:
        console.print(evidence_terminal(evidence_table(tested, [gates], kept((0, 1), (1, 2)))))
    assert "a x [/b]" in found.get()
    assert "c &lt;b&gt;" in gain_dots(tested).to_json().replace("\\u0026", "&").replace("\\u003c", "<")


def test_the_map_shows_the_first_confirmed_pair_and_an_empty_one_says_so() -> None:
    row = ("a x c", ["a", "c"], ["1", "2"], 2.0, 1.5, 2.6, 100, 50, 30.0, 0.01, 0.6, "said")
    joint = pl.DataFrame([row], schema=JOINT, orient="row")
    figure = joint_value_map(joint)
    assert figure.data[0].z[0][0] == 0.6
    empty = joint_value_map(joint.clear())
    assert "no pair is confirmed" in empty.layout.annotations[0].text
