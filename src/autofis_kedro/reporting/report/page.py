"""The page. Jinja2 writes it, because it escapes whatever a field is called; plotly's script is within it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from autofis_kedro.reporting.evidence_table import evidence_summary
from autofis_kedro.reporting.report import html_tables as tables
from autofis_kedro.reporting.report.contents import Contents
from autofis_kedro.reporting.report.downloads import csv_address, json_address
from autofis_kedro.reporting.report.evidence_tables import evidence_table, joint_value_table
from autofis_kedro.reporting.report.figures import figures
from autofis_kedro.reporting.report.headline import headline

TEMPLATES = Path(__file__).parents[1] / "templates"
STYLES = ("report.css", "tables.css")
SCRIPTS = ("theme.js", "tables.js", "figures.js", "pairs.js", "contents.js")

SECTIONS = (
    ("answer", "The answer"),
    ("data", "The data"),
    ("models", "Models compared"),
    ("interactions", "Interactions kept"),
    ("evidence", "How sure it is"),
    ("size", "Accuracy against size"),
    ("training", "Training and search"),
    ("cost", "Cost"),
    ("reproduce", "How to reproduce"),
)
PAIR_VALUES = (("alpha", "alpha"), ("statistics_auc", "statistics_AUC"), ("share", "selection frequency"))
APPENDIX = ("paper", "Tables of the paper")


def render_page(contents: Contents) -> str:
    """The whole page as HTML: no file beside it, no network."""
    is_left_out = {"evidence": contents.evidence is None}
    sections = tuple(section for section in SECTIONS if not is_left_out.get(section[0], False))
    sections = (*sections, APPENDIX) if contents.paper_tables else sections
    values: dict[str, Any] = {
        "contents": contents,
        "sections": sections,
        "headline": headline(contents),
        "tables": {
            "splits": tables.split_table(contents),
            "fields": tables.field_table(contents),
            "comparison": tables.comparison_table(contents),
            "sizes": tables.size_table(contents),
            "costs": tables.cost_table(contents),
        },
        "kept": [
            (found, tables.kept_table(found, contents), json_address(found), csv_address(found, contents))
            for found in contents.searched
        ],
        "model_options": [(found.name, found.name) for found in contents.searched],
        "pair_values": [option for option in PAIR_VALUES if option[0] != "share" or contents.frequency is not None],
        "paper": [tables.paper_table(table) for table in contents.paper_tables],
        "notes": {table.name: table.notes for table in contents.paper_tables},
        "parameters": {name: _shown(value) for name, value in contents.facts.parameters.items()},
        "figures": figures(contents),
        "styles": [_inlined(name) for name in STYLES],
        "scripts": [_inlined(name) for name in SCRIPTS],
        "plotly": Markup(get_plotlyjs()),
    }
    if contents.evidence is not None:
        values |= {
            "evidence": evidence_table(contents),
            "joint_values": joint_value_table(contents),
            "evidence_summary": evidence_summary(contents.evidence),
        }
    return _environment().get_template("page.html.j2").render(values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("autofis_kedro.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}  # models stay in their order
    return environment


def _inlined(name: str) -> Markup:
    """A file of ours, as it is."""
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
