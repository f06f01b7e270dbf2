"""The report's page holds all that it was given, escapes it, and loads nothing."""

import base64
import csv
import io
import json
import re
from dataclasses import replace

import polars as pl
import pytest

from autofis_kedro.reporting.numbers import number, p_value, percent, seconds, spread
from autofis_kedro.reporting.report import render_page
from autofis_kedro.reporting.report.headline import headline
from autofis_kedro.selection import Selection
from tests.reporting.report_contents import HOSTILE, KEPT, LOSSES, NAMES, Page, contents, with_everything

CONTENTS = contents()


@pytest.fixture(scope="module")
def text():
    return render_page(CONTENTS)


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def figures(page):
    (found,) = [data for attributes, data in page.scripts if attributes.get("id") == "figures"]
    return json.loads(found)


def downloads(page):
    """Files within the page by name."""
    links = [a for tag, a in page.elements if tag == "a" and "download" in a]
    return {a["download"]: base64.b64decode(a["href"].partition("base64,")[2]).decode() for a in links}


def test_every_model_is_compared_and_one_is_chosen(page):
    shown = {row[0].removesuffix("chosen").strip(): row for row in page.rows["table-comparison"][1:]}
    assert set(shown) == set(LOSSES)
    assert [row[0] for row in page.rows["table-comparison"][1:] if "chosen" in row[0]] == ["autofm chosen"]
    for name, losses in LOSSES.items():
        assert f"{sum(losses) / len(losses):.4f}" in shown[name][2]
    assert shown["fm"][3] == "", "FM does not differ from itself"
    assert shown["autofm"][3].startswith("\N{MINUS SIGN}0.0650")
    assert {row[0].removesuffix("chosen").strip() for row in page.rows["table-costs"][1:]} == set(LOSSES)


def test_the_best_model_comes_first(page):
    assert page.rows["table-comparison"][1][0].startswith("autofm ")
    assert page.rows["table-comparison"][-1][0] == "lr"


def test_every_kept_pair_is_in_the_table_and_in_the_downloads(page):
    files = downloads(page)
    for searched in CONTENTS.searched:
        kept = [interaction.fields for interaction in searched.selection.interactions]
        assert len(kept) == KEPT[searched.name]
        rows = page.rows[f"table-kept-{searched.name}"][1:]
        assert [row[0].removesuffix(" ★") for row in rows] == [" × ".join(fields) for fields in kept]
        assert Selection.model_validate_json(files[f"{searched.name}_selection.json"]) == searched.selection
        table = list(csv.DictReader(io.StringIO(files[f"{searched.name}_selection.csv"])))
        assert [(row["field_1"], row["field_2"]) for row in table] == kept
        auc = {(a, b): value for a, b, value, _ in CONTENTS.statistics_auc.iter_rows()}
        assert [float(row["statistics_auc"]) for row in table] == pytest.approx([auc[fields] for fields in kept])


def test_fields_that_were_left_out_are_named(text):
    assert "Left out" not in text
    statistics = CONTENTS.statistics.model_copy(update={"left_out": ("country", "<b>")})
    shown = render_page(replace(CONTENTS, statistics=statistics))
    assert "all train rows have one value there: country, &lt;b&gt;." in shown


def test_planted_pairs_are_marked(page):
    starred = {row[0] for name in KEPT for row in page.rows[f"table-kept-{name}"] if "★" in row[0]}
    planted = f"C1 × {HOSTILE} ★"
    kept = {fields for s in CONTENTS.searched for i in s.selection.interactions if (fields := " × ".join(i.fields))}
    assert starred == ({planted} if planted.removesuffix(" ★") in kept else set())


def test_the_heat_map_has_every_pair(page):
    found = figures(page)["pairs"]
    assert len(found["pairs"]) == 10
    assert sorted(map(tuple, found["pairs"])) == [(i, j) for i in range(5) for j in range(i + 1, 5)]
    for searched in CONTENTS.searched:
        alphas = {(a, b): alpha for a, b, alpha in searched.gates.select("field_1", "field_2", "alpha").iter_rows()}
        named = [(NAMES[i], NAMES[j]) for i, j in found["pairs"]]
        assert found["alpha"][searched.name] == pytest.approx([alphas[pair] for pair in named], rel=1e-5)
        kept = {named[place] for place in found["kept"][searched.name]}
        assert kept == {interaction.fields for interaction in searched.selection.interactions}
    assert found["share"] is None


def test_a_field_is_called_what_it_is_called(text, page):
    assert HOSTILE not in text
    assert [row[0] for row in page.rows["table-fields"][1:]] == list(NAMES)
    scripts = [attributes for tag, attributes in page.elements if tag == "script"]
    assert len(scripts) == 4, "theme, plotly, figures, the page's own"
    offered = [a["value"] for tag, a in page.elements if tag == "option" and "value" in a]
    assert offered == list(NAMES)
    searched = [json.loads(a["data-fields"]) for tag, a in page.elements if tag == "tr" and "data-fields" in a]
    assert all(set(fields) <= set(NAMES) for fields in searched)


def test_plotly_would_show_a_name_as_it_is(page):
    """plotly takes ``<b>`` in a name for bold, so names reach it escaped."""
    found = figures(page)
    assert found["pairs"]["fields"][2] == "&lt;script&gt;alert(1)&lt;/script&gt;"
    names = [trace["name"] for figure in found["alpha"].values() for trace in figure["data"]]
    assert "C1 × &lt;script&gt;alert(1)&lt;/script&gt;" in names
    assert not [name for name in names if "<" in name]


def test_nothing_is_loaded(text, page):
    loading = {"src", "srcset", "action", "poster", "background", "formaction"}
    for tag, attributes in page.elements:
        assert tag not in ("link", "iframe", "object", "embed", "base", "img")
        assert not loading & set(attributes), (tag, attributes)
        assert (attributes.get("href") or "#").startswith(("#", "data:"))
    styles = re.findall(r"<style>(.*?)</style>", text, flags=re.DOTALL)
    assert styles
    assert not [style for style in styles if "url(" in style or "@import" in style]
    (policy,) = [a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy


def test_every_link_leads_somewhere(page):
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    links = {a["href"][1:] for tag, a in page.elements if tag == "a" and a["href"].startswith("#")}
    assert links <= ids
    assert {"answer", "data", "models", "interactions", "size", "training", "cost", "reproduce"} <= links


def test_what_other_pipelines_left_is_shown_only_where_it_is(page):
    plain, full = page, Page(render_page(with_everything()))
    options = [{a.get("value") for tag, a in found.elements if tag == "input"} for found in (plain, full)]
    assert ["share" in values for values in options] == [False, True]
    assert ["table-table1" in found.rows for found in (plain, full)] == [False, True]
    assert full.rows["table-table1"][1:] == [["FM", "0.7800"], [HOSTILE, "0.7900"]]
    shares = figures(full)["pairs"]
    at = shares["pairs"].index([0, 2])
    assert shares["share"][at] == 0.75
    assert sum(shares["share"]) == 0.75, "no search kept the others"
    assert full.rows["table-kept-autofm"][0][-1].startswith("selection frequency")
    csv_rows = list(csv.DictReader(io.StringIO(downloads(full)["autofm_selection.csv"])))
    assert "share" in csv_rows[0]


def test_the_sentence_says_which_model_and_how_sure(text):
    assert "<code>autofm</code></strong> was chosen on the validation rows: test AUC 0.7775 ± 0.0035" in text
    assert "kept 3 of 10 pairs" in text
    lucky = CONTENTS.chosen.model_copy(update={"model": "fm", "why": "none is better than chance"})
    compared = CONTENTS.compared.with_columns(chosen=pl.col("model") == "fm")
    by_default = replace(CONTENTS, chosen=lucky, compared=compared)
    assert headline(by_default).is_reference
    assert "No model beat FM by more than chance" in render_page(by_default)
    assert "No model beat FM" not in text


def test_the_sentence_says_what_is_known_of_no_model():
    unknown = CONTENTS.chosen.model_copy(update={"beats_constant": False})
    said = "It does not beat a constant prediction of the click rate"
    assert said in render_page(replace(CONTENTS, chosen=unknown))
    assert said not in render_page(CONTENTS)


def test_the_transfer_reads_the_same_configuration(text):
    facts = CONTENTS.facts.model_copy(update={"configuration": "--env own"})
    assert "kedro run --env own --pipeline transferred --params selection_from=" in render_page(
        replace(CONTENTS, facts=facts)
    )
    assert "kedro run --pipeline transferred" in text


def test_one_seed_has_no_spread():
    alone = CONTENTS.compared.with_columns(pl.lit(None, dtype=pl.Float64).alias("test_auc_std"), seeds=pl.lit(1))
    text = render_page(replace(CONTENTS, compared=alone))
    assert "so no spread is known" in text
    assert "test AUC 0.7775, log loss" in text


def test_no_figure_holds_what_json_does_not(text):
    holes = CONTENTS.statistics_auc.with_columns(statistics_auc=pl.lit(float("nan")))
    found = Page(render_page(replace(CONTENTS, statistics_auc=holes)))
    assert figures(found)["pairs"]["statistics_auc"] == [None] * 10


def test_how_to_reproduce_is_complete(page, text):
    assert "<code>kedro run</code>" in text
    assert CONTENTS.facts.schema_fingerprint in text
    for package, version in CONTENTS.facts.versions.items():
        assert f"<span>{package}</span> <code>{version}</code>" in text
    assert "&#34;seed&#34;: 0" in text


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (number(-0.5, 2), "\N{MINUS SIGN}0.50"),
        (number(0.25, 1, signed=True), "+0.2"),
        (number(None), ""),
        (number(12345, 0), "12,345"),
        (spread(0.5, None), "0.5000"),
        (spread(0.5, 0.0012, 3), "0.500 ± 0.001"),
        (percent(0.0), "0%"),
        (percent(0.0001), "< 0.1%"),
        (percent(0.1234), "12.3%"),
        (seconds(3.21), "3.2 s"),
        (seconds(75), "75 s"),
        (seconds(600), "10 min"),
        (seconds(9000), "2.5 h"),
        (p_value(1e-9), "< 0.0001"),
        (p_value(0.0312), "0.031"),
        (p_value(0.03), "0.030"),
        (p_value(0.00051), "0.0005"),
        (p_value(None), ""),
    ],
)
def test_numbers_are_written_for_readers(shown, expected):
    assert shown == expected


def test_the_evidence_is_shown_where_there_is_some_and_names_are_as_written() -> None:
    page = Page(render_page(with_everything()))
    heads, confirmed, proxy, unjudged = page.rows["table-evidence"]
    assert heads[:2] == ["interaction", "verdict"]
    assert confirmed[:2] == [f"C1 x {HOSTILE}", "confirmed"]
    assert proxy[1] == f"proxy of C1 x {HOSTILE}"
    assert [row[-1] for row in (confirmed, proxy, unjudged)] == ["yes", "", "yes"]
    (meaning,) = page.rows["table-joint-values"][1:]
    assert meaning[1:4] == [f"C1=<b>, {HOSTILE}==1+1", "2.00", "1.50 to 2.60"]
    assert "table-evidence" not in Page(render_page(contents())).rows
