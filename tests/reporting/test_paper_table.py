"""A printed table holds its values, whatever the format."""

import csv
import io
import re

import polars as pl
import pytest

from autofis_kedro.errors import UserError
from autofis_kedro.reporting.exports import latex, markdown
from autofis_kedro.reporting.paper_table import Column, PaperTable
from autofis_kedro.sources.tables import PaperTableDataset

COLUMNS = (
    Column(key="model", title="model"),
    Column(key="auc", title="AUC", group="here", digits=4, std="auc_std", stars="is_significant", best="max"),
    Column(key="p", title="p", group="here", digits=4, is_p=True),
    Column(key="gain", title="gain", digits=1, is_percent=True, is_signed=True, is_detail=True),
    Column(key="rows", title="rows", has_thousands=True),
)
ROWS = (
    {"model": "FM", "auc": 0.77931, "auc_std": None, "is_significant": False, "p": None, "gain": 0.0, "rows": 1200},
    {"model": "A_B & 50% | C", "auc": 0.78319, "auc_std": 0.00021, "is_significant": True, "p": 1e-9, "gain": 0.0049},
)
TABLE = PaperTable(name="t", title="a title with 5% & _", columns=COLUMNS, rows=ROWS, notes=("one # note",))


def test_cells_are_as_printed():
    assert TABLE.cells() == [
        ["FM", "0.7793", "", "+0.0%", "1,200"],
        ["A_B & 50% | C", "0.7832 ± 0.0002*", "< 0.0001", "+0.5%", ""],
    ]
    assert TABLE.best() == {(1, 1)}


def test_markdown_has_a_cell_for_every_column():
    lines = [line for line in markdown(TABLE).splitlines() if line.startswith("|")]
    assert len(lines) == 2 + len(ROWS)
    assert {len(re.split(r"(?<!\\)\|", line)) for line in lines} == {len(COLUMNS) + 2}
    assert r"**0.7832 ± 0.0002\***" in lines[-1]


def test_latex_escapes_and_balances():
    text = latex(TABLE)
    assert re.findall(r"\\(begin|end)\{(\w+)\}", text) == [
        ("begin", "table"),
        ("begin", "tabular"),
        ("end", "tabular"),
        ("end", "table"),
    ]
    body = text.split(r"\midrule")[1].split(r"\bottomrule")[0].strip().splitlines()
    assert [len(re.split(r"(?<!\\)&", row)) for row in body] == [len(COLUMNS)] * len(ROWS)
    assert r"A\_B \& 50\% \textbar{} C" in text
    assert r"\caption{a title with 5\% \& \_}" in text
    assert r"\cmidrule(lr){2-3}" in text
    assert not re.search(r"(?<!\\)[%#]", text)


def test_a_narrow_terminal_loses_details_alone_and_says_so():
    wide, narrow = TABLE.terminal(200), TABLE.terminal(40)
    assert len(wide.columns) == len(COLUMNS)
    assert len(narrow.columns) == len(COLUMNS) - 1
    assert "further columns" in str(narrow.caption)
    assert "further columns" not in str(wide.caption)


def test_an_unknown_column_is_named():
    assert TABLE.column("auc_std") == [None, 0.00021]
    with pytest.raises(UserError, match="no 'auk'; it has: model, auc"):
        TABLE.column("auk")


def test_the_dataset_reads_back_what_it_wrote_in_every_format(tmp_path):
    dataset = PaperTableDataset(filepath=str(tmp_path / "t"))
    dataset.save(TABLE)
    assert dataset.load() == TABLE
    assert {path.suffix for path in (tmp_path / "t").iterdir()} == {".json", ".csv", ".md", ".tex"}
    rows = list(csv.DictReader(io.StringIO((tmp_path / "t" / "t.csv").read_text())))
    assert [float(row["auc"]) for row in rows] == [row["auc"] for row in ROWS], "unrounded"
    assert float(rows[1]["auc_std"]) == ROWS[1]["auc_std"], "what is printed behind another value, too"
    assert pl.read_csv(tmp_path / "t" / "t.csv").columns[:2] == ["model", "auc"]
    assert dataset.preview()["data"][0][:2] == ["FM", "0.7793"]
