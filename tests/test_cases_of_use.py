"""What users do with a trained model and with odd names and labels, on rows of our own and on ../shared/cases."""

import base64
import csv
import io
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from autofis_kedro.pipelines.comparison.nodes import choose_model, predict_constant
from autofis_kedro.roster import CONSTANT
from tests.kedro_project import kedro_run, newest
from tests.reporting.report_contents import Page
from tests.served import odd_log, served

CASES = Path(__file__).resolve().parents[2] / "shared" / "cases"
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not in ../shared/cases")
FIELDS = [{"name": "site"}, {"name": "device"}, {"name": "user"}, {"name": "price", "kind": "numeric"}]
DESCRIPTION = {"label": {"column": "click"}, "fields": FIELDS}
ODD = ["user[id]", "[/x]", "[bold]site", "a=b", "x.y", "a, b", "=1+1", "<b>ü</b>"]
FORMULAS = ["=1+1", "+0", "-1", "@d"]


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """An FM of a log with three clicks."""
    folder = tmp_path_factory.mktemp("few")
    names = [field["name"] for field in FIELDS[:3]]
    log = odd_log(folder / "log.csv", names, list("abcde"), clicks=3)
    return served(log, {"label": {"column": "click"}, "fields": FIELDS[:3]}, folder)


def chosen_of(found):
    constant, metrics = predict_constant(*(found.examples[s] for s in ("train", "valid", "test")), found.schema)
    return choose_model(fm=found.predictions(), **{CONSTANT: constant}), metrics


def test_of_three_clicks_nothing_is_claimed(few):
    chosen, constant = chosen_of(few)
    assert chosen.beats_constant is False
    assert "constant prediction of the click rate" in chosen.why
    assert "better than chance" not in chosen.why
    assert constant.test[0].auc == 0.5


@needs_cases
def test_the_case_of_few_positives(tmp_path, caplog):
    with caplog.at_level("WARNING"):
        chosen, _ = chosen_of(served(CASES / "few-positives/log.csv", DESCRIPTION, tmp_path))
    assert "label 1 is in 3 of 400 rows" in " ".join(caplog.messages)
    assert chosen.beats_constant is False
    assert "better than chance" not in chosen.why


@needs_cases
def test_the_case_of_further_columns_and_of_no_rows(tmp_path):
    case = CASES / "extra-column"
    model = served(case / "train.csv", DESCRIPTION, tmp_path)
    found = model.scores(case / "new_rows.csv", ("request", "note"))
    assert found.columns == ["row", "request", "note", "probability"]
    plain = pl.read_csv(case / "new_rows.csv").drop("request", "note")
    plain.write_csv(tmp_path / "plain.csv")
    assert found["probability"].equals(model.scores(tmp_path / "plain.csv")["probability"])
    assert len(found) == len(plain) == 50
    assert model.scores(case / "no_rows.csv").columns == ["row", "probability"]
    assert model.scores(case / "no_rows.csv").is_empty()


@needs_cases
def test_the_case_of_ids_as_floats(tmp_path, caplog):
    """The same ids, the same scores, and nothing unseen to warn of."""
    case = CASES / "ids-as-floats"
    model = served(case / "train.csv", DESCRIPTION, tmp_path)
    plain = pl.read_csv(case / "new_rows.csv").with_columns(pl.col("site", "device", "user").cast(pl.Int64))
    plain.write_csv(tmp_path / "plain.csv")
    with caplog.at_level("WARNING"):
        found = model.scores(case / "new_rows.csv")
    assert found.equals(model.scores(tmp_path / "plain.csv"))
    assert len(found) == 60
    assert not [said for said in caplog.messages if "unseen" in said]


def test_rows_of_parquet_are_scored_with_a_description_of_csv(few, tmp_path):
    names = [field["name"] for field in FIELDS[:3]]
    new = pl.read_csv(odd_log(tmp_path / "new.csv", names, list("abcde"), rows=60))
    new.drop("click").write_parquet(tmp_path / "new.parquet")
    scores = few.scores(tmp_path / "new.csv")
    assert np.array_equal(few.scores(tmp_path / "new.parquet")["probability"], scores["probability"])


def project(folder, log, names):
    """A data set of odd names, its report, and the run."""
    (folder / "conf/odd").mkdir(parents=True)
    fields = ", ".join(f"{{name: '{name}'}}" for name in names)
    (folder / "conf/odd/globals.yml").write_text(
        f"dataset: odd\nraw_path: '{log}'\ndata: {{label: {{column: click}}, fields: [{fields}]}}\nembedding_dim: 2\n"
        "epochs: 1\nbatch_size: 200\nsearch: {epochs: 1}\nextraction: {rule: top_k, size: 10}\n",
        encoding="utf-8",
    )
    from tests.kedro_project import CONF

    (folder / "conf/base").symlink_to(CONF / "base")
    return kedro_run(folder, "--conf-source", "conf", "--env", "odd", "--pipeline", "report")


def check_names(folder, result, names):
    """Whether the terminal, the page and the download show the names."""
    assert result.returncode == 0, result.stdout
    text = newest(folder, "08_reporting/odd/report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert [row[0] for row in page.rows["table-fields"][1:]] == names
    links = {a["download"]: a["href"] for tag, a in page.elements if tag == "a" and "download" in a}
    address = links["autofm_selection.csv"]
    rows = list(csv.DictReader(io.StringIO(base64.b64decode(address.partition("base64,")[2]).decode())))
    pairs = [(row["field_1"], row["field_2"]) for row in rows]
    assert all(not re.match(r"[=+\-@\t\r]", cell) for pair in pairs for cell in pair), "a spreadsheet runs nothing"
    assert {name.removeprefix("'") for pair in pairs for name in pair} <= set(names)
    shown = [" × ".join(name.removeprefix("'") for name in pair) for pair in pairs]
    assert len(shown) == 10
    assert all(pair in result.stdout for pair in shown)


def test_odd_names_and_formulas_from_the_log_to_the_report(tmp_path):
    result = project(tmp_path, odd_log(tmp_path / "log.csv", ODD, FORMULAS), ODD)
    check_names(tmp_path, result, ODD)
    vocabularies = pl.read_parquet(newest(tmp_path, "04_feature/odd/vocabularies.parquet"), glob=False)
    kept = vocabularies.filter(pl.col("meaning") == "kept")["value"].to_list()
    assert set(kept) == {f"{value}{i}" for i, value in enumerate(FORMULAS)}, "other files keep them as they are"


@needs_cases
@pytest.mark.parametrize("case", ["markup-names", "formula-values"])
def test_the_cases_of_odd_names(tmp_path, case):
    log = CASES / case / "log.csv"
    description = {"label": {"column": "click"}, "fields": []}
    with log.open(encoding="utf-8", newline="") as file:
        names = next(csv.reader(file))[1:]
    description["fields"] = [{"name": name} for name in names]
    found = served(log, description, tmp_path)
    assert list(found.schema.names) == names
    assert len(found.scores(log)) == 400
