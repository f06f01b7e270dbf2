"""The report's page in a browser: it loads nothing, says nothing wrong, sorts, searches, switches and draws.

Chromium alone, without a driver: a script within a copy of the page uses it as a reader would and writes down what it
sees, and the browser prints the page that results.
"""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html import escape

import pytest

from autofis_kedro.reporting.report import render_page
from tests.reporting.report_contents import HOSTILE, KEPT, LOSSES, with_everything

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

LISTENING = """
const wrong = [];
addEventListener("error", (event) => wrong.push(`error: ${event.message}`));
addEventListener("unhandledrejection", (event) => wrong.push(`rejected: ${event.reason}`));
addEventListener("securitypolicyviolation", (event) => wrong.push(`refused: ${event.blockedURI}`));
console.error = (...said) => wrong.push(`console.error: ${said.join(" ")}`);
console.warn = (...said) => wrong.push(`console.warn: ${said.join(" ")}`);
"""

READING = """
const seen = {};
const get = (place) => document.querySelector(place);
const texts = (place) => [...document.querySelectorAll(place)].map((element) => element.textContent.trim());
const column = (table, n) => texts(`#table-${table} tbody tr > :nth-child(${n})`);
const shown = () => [...document.querySelectorAll(".searched:not([hidden]) tbody tr:not([hidden])")]
  .map((row) => row.cells[0].textContent);
const pause = () => new Promise((done) => setTimeout(done, 300));
const plot = (name) => get(`#plot-${name}`);
const points = (name) => plot(name).querySelectorAll(".scatterlayer .point").length;
const ink = () => plot("sizes").querySelector(".xtick text").style.fill;
function write(field) { get("#field-search").value = field; get("#field-search").dispatchEvent(new Event("input")); }
function pick(name, value) { get(`#${name} input[value="${value}"]`).click(); }

async function read() {
  await pause();
  seen.sorted = {};
  for (const [what, n] of [["model", 1], ["log loss", 3]]) {
    const button = get(`#table-comparison th:nth-child(${n}) button`);
    button.click();
    const up = column("comparison", n);
    button.click();
    seen.sorted[what] = [up, column("comparison", n)];
    seen.marked = texts("#table-comparison [aria-sort=descending]");
  }
  get("#table-comparison th:nth-child(5) button").click();
  seen.p = column("comparison", 5);

  seen.searched = texts(".searched:not([hidden]) > p code")[0];
  seen.found = { "": shown() };
  for (const field of ["C1", "c", "script", "nothing"]) { write(field); seen.found[field] = shown(); }
  seen.said = get("#field-found").textContent;
  write("");
  pick("searched", "autodeepfm");
  await pause();
  seen.other = shown();
  seen.title = {};
  seen.z = {};
  for (const value of ["alpha", "statistics_auc", "share"]) {
    pick("pair-value", value);
    await pause();
    const heat = plot("pairs").data[0];
    seen.title[value] = heat.colorbar.title.text;
    seen.z[value] = heat.z.flat().filter((cell) => cell !== null);
  }
  seen.labels = [...plot("pairs").querySelectorAll(".xtick text")].map((label) => label.textContent);
  seen.images = plot("pairs").querySelectorAll(".heatmaplayer image").length;
  seen.points = Object.fromEntries(["comparison", "sizes", "training"].map((name) => [name, points(name)]));
  seen.lines = plot("alpha").querySelectorAll(".scatterlayer .trace").length;
  get("#training-model").value = "autodeepfm";
  get("#training-model").dispatchEvent(new Event("change"));
  await pause();
  seen.training = plot("training").data.map((trace) => trace.y.length);

  const before = [ink(), getComputedStyle(document.body).backgroundColor];
  get("#theme").click();
  await pause();
  seen.themes = [before, [ink(), getComputedStyle(document.body).backgroundColor]];
  seen.paper = plot("sizes").layout.paper_bgcolor;
  seen.loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
  seen.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  seen.wrong = wrong;
}
addEventListener("load", () => read().catch((error) => wrong.push(`the test: ${error.stack}`)).finally(() => {
  seen.wrong = wrong;
  const outcome = document.createElement("pre");
  outcome.id = "outcome";
  outcome.textContent = JSON.stringify(seen);
  document.body.append(outcome);
}));
"""


def browser():
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    return found or pytest.skip(f"needs a Chromium; none of {', '.join(BROWSERS)} is on PATH")


def visit(folder, width):
    """What the script has seen in a window of that width."""
    text = render_page(with_everything())
    text = text.replace("<head>", f"<head><script>{LISTENING}</script>", 1)
    text = text.replace("</body>", f"<script>{READING}</script></body>", 1)
    return dumped(folder, text, width)


def dumped(folder, text, width):
    """What a page has written into its element "outcome", in a window of that width."""
    page = folder / "page.html"
    page.write_text(text, encoding="utf-8")
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom"]
    flags += [f"--user-data-dir={folder / 'profile'}", f"--window-size={width},900"]
    done = subprocess.run([browser(), *flags, page.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r'<pre id="outcome">(.*?)</pre>', done.stdout, flags=re.DOTALL)
    assert found, done.stderr[-2000:]
    unescaped = found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return json.loads(unescaped)


@pytest.fixture(scope="module", params=[1280, 500], ids=["desktop", "phone"])
def seen(request, tmp_path_factory):
    return visit(tmp_path_factory.mktemp("browser"), request.param)


def test_nothing_goes_wrong_and_nothing_is_loaded(seen):
    assert seen["wrong"] == []
    assert seen["loaded"] == []


def test_the_page_is_never_wider_than_the_window(seen):
    assert seen["wide"] <= 0


MEASURING = """
addEventListener("load", () => setTimeout(() => {
  const page = document.documentElement;
  parent.document.getElementById("outcome").textContent = JSON.stringify([page.scrollWidth, page.clientWidth]);
}, 1500));
"""


@pytest.mark.parametrize("width", [360, 400])
def test_a_phone_scrolls_in_one_direction_alone(tmp_path, width):
    """No window of a browser is as narrow as a phone: the page stands in a frame. Long names and commands break."""
    given = with_everything()
    statistics = given.statistics.model_copy(update={"dataset": "a_data_set_of_" + 60 * "x"})
    facts = given.facts.model_copy(update={"command": "kedro run " + 90 * "y", "configuration": "--env " + 60 * "z"})
    text = render_page(replace(given, statistics=statistics, facts=facts))
    page = escape(text.replace("</body>", f"<script>{MEASURING}</script></body>", 1))
    frame = f'<iframe style="width: {width}px; height: 900px" srcdoc="{page}"></iframe><pre id="outcome"></pre>'
    scroll, client = dumped(tmp_path, f"<!DOCTYPE html><body>{frame}</body>", 1000)
    assert client <= width
    assert scroll == client


def test_a_click_sorts_and_another_turns_it_round(seen):
    up, down = seen["sorted"]["model"]
    names = [name.removesuffix("chosen").strip() for name in up]
    assert names == sorted(LOSSES)
    assert down == up[::-1]
    up, down = seen["sorted"]["log loss"]
    means = [float(text.split(" ")[0]) for text in up]
    assert means == sorted(means)
    assert [float(text.split(" ")[0]) for text in down] == sorted(means, reverse=True)
    assert seen["marked"] == ["test log loss"]


def test_empty_cells_stay_at_the_end(seen):
    filled = [text != "" for text in seen["p"]]
    assert filled == sorted(filled, reverse=True)
    assert 0 < sum(filled) < len(filled)


def test_the_search_finds_fields(seen):
    every = seen["found"][""]
    assert len(every) == KEPT["autofm"]
    assert seen["searched"] == "autofm"
    fields = {pair: pair.removesuffix(" ★").split(" × ") for pair in every}
    assert seen["found"]["C1"] == [pair for pair in every if "C1" in fields[pair]], "C1 alone, not C12"
    for part in ("c", "script"):
        assert seen["found"][part] == [p for p in every if any(part in field.lower() for field in fields[p])]
    assert seen["found"]["nothing"] == []
    assert seen["said"] == "0 of 3 pairs"
    assert len(seen["other"]) == KEPT["autodeepfm"]


def test_the_heat_map_switches_and_holds_every_pair(seen):
    assert seen["title"] == {
        "alpha": "alpha, autodeepfm",
        "statistics_auc": "statistics_AUC",
        "share": "selection frequency",
    }
    assert len(seen["z"]["alpha"]) == 7, "three gates are closed"
    assert len(seen["z"]["statistics_auc"]) == len(seen["z"]["share"]) == 10
    assert sorted(seen["z"]["share"])[-2:] == [0, 0.75]
    assert seen["images"] == 1
    assert HOSTILE in seen["labels"], "a name is shown as it is"


def test_the_plots_have_their_points(seen):
    assert seen["points"]["comparison"] == 2 * len(LOSSES)
    assert seen["points"]["sizes"] == 3 * 3
    assert seen["points"]["training"] == 3 * 2 * 3, "three curves, two seeds, three evaluations"
    assert seen["lines"] >= 2
    assert seen["training"] == [3] * 6


def test_figures_follow_the_theme(seen):
    (ink, page), (other_ink, other_page) = seen["themes"]
    assert ink != other_ink
    assert page != other_page
    assert seen["paper"].replace(" ", "") == "rgba(0,0,0,0)"
