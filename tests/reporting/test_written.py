"""Names and values reach terminals, plots, Markdown, LaTeX and spreadsheets as they are, and run nowhere."""

import csv
import io

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from autofis_kedro.data.schema import Field, Schema
from autofis_kedro.reporting.exports import latex, markdown
from autofis_kedro.reporting.gate_plots import alpha_heatmap, alpha_trajectories
from autofis_kedro.reporting.paper_table import Column, PaperTable
from autofis_kedro.reporting.report.figures import page_figure
from autofis_kedro.reporting.stability_plots import frequency_heatmap
from autofis_kedro.reporting.tables import render
from autofis_kedro.reporting.written import for_latex, for_markdown, for_spreadsheets, on_one_line
from autofis_kedro.selection import Gates, from_gates

NAMES = ("user[id]", "[/x]", "[bold]site", "a=b", "x.y", "a, b", ":car:", "<b>|&", "#0072B2", "--ink", "2026-01-01")
SCHEMA = Schema(dataset="odd", fields=tuple(Field(name=name, kind="categorical", size=5) for name in NAMES))
PAIRS = [(NAMES[i], NAMES[j]) for i, j in SCHEMA.tuples(2)]
GATES = Gates(np.linspace(0.1, 0.9, len(PAIRS)), np.linspace(0.1, 0.9, len(PAIRS)), SCHEMA.tuples(2))
FORMULAS = ("=1+1", "+0", "-1", "@d3", "\tx", "\rx", "\uff1d1+1")


def printed(*what):
    out = io.StringIO()
    console = Console(file=out, width=200)
    for one in what:
        console.print(one)
    return out.getvalue()


def table(cells, title="t"):
    rows = tuple({"name": cell, "auc": -0.5} for cell in cells)
    columns = (Column(key="name", title="name"), Column(key="auc", title="AUC", digits=2))
    return PaperTable(name="odd", title=title, columns=columns, rows=rows, notes=tuple(cells))


def test_a_terminal_shows_every_name():
    out = io.StringIO()
    selection = from_gates(GATES, SCHEMA, 20, "as [/told] :car:")
    render(Console(file=out, width=200), None, {"autofm": selection}, "/tmp/pro[1]", None, [table(NAMES, "of [/x]")])
    text = out.getvalue()
    kept = [" × ".join(interaction.fields) for interaction in selection.interactions]
    assert all(name in text for name in (*kept, *NAMES, "/tmp/pro[1]", "of [/x]", "as [/told] :car:"))


def test_a_name_cannot_colour_a_terminal_or_break_a_line():
    assert on_one_line("a\x1b[31m\nb\u202ec") == "a\\x1b[31m\\nb\\u202ec"
    assert "\x1b" not in printed(table(["\x1b[31mred"]).terminal(200))


def test_a_plot_shows_every_name_as_it_is():
    """plotly unescapes what is escaped, and takes everything else for HTML."""
    frame = GATES.frame(SCHEMA)
    escaped = [name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for name in NAMES]
    heat = alpha_heatmap(frame, from_gates(GATES, SCHEMA, 3, "test"))
    gates = frame.select("field_1", "field_2").with_columns(seed=pl.lit(0), kept=pl.lit(True))
    for figure in (heat, frequency_heatmap(gates)):
        assert list(figure.data[0].x) == escaped
        assert figure.layout.xaxis.type == figure.layout.yaxis.type == "category", "a name may be a date"
    steps = frame.select("field_1", "field_2", "alpha").with_columns(step=pl.lit(1))
    lines = alpha_trajectories(steps, PAIRS[-8:], PAIRS, "title <b>")
    assert f"{escaped[-2]} × {escaped[-1]}" in [line.name for line in lines.data]
    assert lines.layout.title.text == "title &lt;b&gt;"
    page = page_figure(heat)
    assert page["data"][0]["x"] == escaped, "a name that looks like a colour is none"
    assert page["data"][1]["marker"]["color"] == "black"


@pytest.mark.parametrize("name", [*NAMES, *FORMULAS, "a\nb", "*x*", "`x`", "_x_", "$x$", "\\"])
def test_markdown_and_latex_hold_one_line_a_row(name):
    made = table([name, "other"])
    rows = [line for line in markdown(made).splitlines() if line.startswith("| ")]
    assert len(rows) == 4
    cell = rows[2].removeprefix("| ").removesuffix(" | -0.50 |")
    assert cell == for_markdown(name)
    assert "".join(cell.split("\\")) == "".join(on_one_line(name).split("\\")), "backslashes alone are added"
    lines = latex(made).splitlines()
    assert f"{for_latex(name)} & -0.50 \\\\" in lines
    assert not [line for line in lines if line.startswith(("[", "*"))], "it would be an argument of the line above"


def test_latex_knows_no_character_of_a_name():
    assert for_latex("a_b%c&d#e$f{g}~^\\") == (
        r"a\_b\%c\&d\#e\$f\{g\}\textasciitilde{}\textasciicircum{}\textbackslash{}"
    )
    assert for_latex("[/x]") == "{}[/x]"


@pytest.mark.parametrize("text", FORMULAS)
def test_a_spreadsheet_runs_nothing(text):
    frame = pl.DataFrame({"=name": [text, "a=b", None], "alpha": [-1.5, 2.0, None], "n": [-3, 4, 5]})
    rows = list(csv.DictReader(io.StringIO(for_spreadsheets(frame), newline="")))
    assert [row["'=name"] for row in rows] == ["'" + text, "a=b", ""]
    assert [row["alpha"] for row in rows] == ["-1.5", "2.0", ""], "numbers stay numbers"
    assert [row["n"] for row in rows] == ["-3", "4", "5"]
