"""What the documentation names exists: files, tests, pipelines, data sets, commands, parameters, models."""

import re
from functools import cache
from itertools import product

import pytest
import yaml

from autofis_kedro import roster
from autofis_kedro.hooks import SHORTHANDS
from autofis_kedro.pipeline_registry import register_pipelines
from autofis_kedro.training import ExtractionConfig, SearchConfig, TrainingConfig
from tests.kedro_project import CONF, ROOT

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
PLACES = (".", "src/autofis_kedro", "tests", "docs", "benchmarks")
"""Whence the pages name files."""
NOT_HERE = ("data/", "../", "path/", "conf/own.")
"""What begins so is a user's, or a place beside the project."""
QUOTED = re.compile(r"`([^`\n]+)`")
by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def quoted(page):
    """What a page has in backticks, and the lines of its indented blocks."""
    text = page.read_text(encoding="utf-8")
    return [*QUOTED.findall(text), *re.findall(r"^    (\S.*)$", text, re.MULTILINE)]


def expanded(name):
    """``a/{b,c}.py`` as both."""
    parts = [part.split(",") for part in re.split(r"[{}]", name)]
    return ["".join(choice) for choice in product(*parts)]


@cache
def names_of_tests():
    return set(re.findall(r"def (test_\w+)", "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))))


@cache
def files():
    return {path.name for place in ("src", "tests", "benchmarks", "conf", "docs") for path in (ROOT / place).rglob("*")}


@by_page
def test_files_and_tests_exist(page):
    for name in quoted(page):
        first = name.split(":")[0].split("[")[0].strip()
        if re.fullmatch(r"test_\w+", first):
            assert first in names_of_tests(), first
        is_path = re.fullmatch(r"[\w.{},*/-]+", first) and ("/" in first or first.endswith((".py", ".yml")))
        if is_path and not first.startswith(NOT_HERE) and not re.search(r"\d/\d|/s$", first):
            for path in expanded(first):
                there = [found for place in PLACES for end in ("", ".py") for found in (ROOT / place).glob(path + end)]
                assert there or path in files(), path


@by_page
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert "://" in target or (page.parent / target).exists(), target


@by_page
def test_commands_name_pipelines_data_sets_and_targets_that_exist(page):
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"--pipeline[ =](\w+)", text)) <= set(register_pipelines())
    assert set(re.findall(r"--env[ =](\w+)", text)) <= {path.name for path in CONF.iterdir() if path.is_dir()}
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`make ([\w-]+)", text)) <= set(targets)
    modules = re.findall(r"python -m (benchmarks\.\w+|tests\.\w+)", text)
    places = [ROOT / module.replace(".", "/") for module in modules]
    assert all(place.with_suffix(".py").exists() or (place / "__main__.py").exists() for place in places)


@by_page
def test_parameters_exist(page):
    known = {}
    for file in (CONF / "base/parameters").glob("*.yml"):
        known |= yaml.safe_load(file.read_text(encoding="utf-8"))
    for given in re.findall(r"--params ([\w.=+<>/,*-]+)", page.read_text(encoding="utf-8")):
        for name in re.findall(r"(?:^|,)([a-z_][\w.]*)=", given):
            assert name.split(".")[0] in {*known, *SHORTHANDS}, name


@by_page
def test_settings_of_training_search_and_extraction_exist(page):
    kinds = {"training": TrainingConfig, "search": SearchConfig, "extraction": ExtractionConfig}
    text = page.read_text(encoding="utf-8")
    for group, field in re.findall(r"(?<![/\w.])(training|search|extraction)\.(?!md\b|py\b)([a-z_0-9]+)", text):
        assert field in kinds[group].model_fields, f"{group}.{field}"


def test_the_architecture_names_all_modules_that_import_kedro():
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    sentence = re.search(r"Only the first layer \(and (.*?)\) imports Kedro", text, re.DOTALL).group(1)
    package = ROOT / "src/autofis_kedro"
    importing = [
        path for path in package.rglob("*.py") if re.search(r"^\s*(from|import) kedro", path.read_text(), re.M)
    ]
    others = {path.relative_to(package).parts[0].removesuffix(".py") for path in importing} - {"pipelines", "sources"}
    assert others <= set(QUOTED.findall(sentence))


def rows_of(heading):
    """First cells of the README's table below a heading."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text[text.index(heading) :].split("\n\n")[0]
    return [name for line in table.splitlines()[2:] for name in QUOTED.findall(line.split(" | ")[0])]


def test_the_readme_names_every_pipeline():
    named = set(rows_of("| `--pipeline` |"))
    tables = {f"table{number}" for number in range(1, 6)}
    assert named | tables | {"__default__"} == set(register_pipelines())


def test_the_readme_names_every_model():
    named, kinds = set(), {*roster.ALL, roster.CONSTANT}
    for name in rows_of("| model (namespace) |"):
        ending = name.removeprefix("...")
        found = {model for model in kinds if model == name or (ending[0] == "_" and model.endswith(ending))}
        assert found, name
        named |= found
    assert named == kinds
