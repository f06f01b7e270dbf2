"""Real logs that may lie beside the project: their files and what their columns are."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from benchmarks.faults.commands import ROOT
from benchmarks.faults.sample import Sample

REAL = ROOT.parent / "shared" / "data"
N_ROWS = 60


@dataclass(frozen=True)
class Real:
    """A real log: its file, its description, its columns where the file does not name them."""

    path: str
    description: dict[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ()


AVAZU = ("C1", "banner_pos", "site_id", "site_domain", "app_id", "device_ip", "device_type", "C14", "C21")
FRAPPE = ("user", "item", "daytime", "weekday", "isweekend", "homework", "cost", "weather", "country", "city")
CRITEO = ("label", *(f"I{i}" for i in range(1, 14)), *(f"C{i}" for i in range(1, 27)))
MOMENT = {"name": "hour", "kind": "timestamp", "format": "%y%m%d%H", "parts": ["hour", "weekday", "day"]}
REALS = {
    "avazu": Real(
        "avazu/avazu_sample.csv.gz",
        {"label": {"column": "click"}, "fields": [MOMENT, *({"name": name} for name in AVAZU)]},
    ),
    "movielens": Real(
        "movielens/ml1m_rating_ge4.csv.gz",
        {"fields": [{"name": n} for n in ("user", "movie", "age", "zip")] + [{"name": "genres", "kind": "multi_hot"}]},
    ),
    "criteo": Real(
        "criteo/criteo_sample.tsv.gz",
        {
            "format": {"kind": "delimited", "separator": "\t", "quote": None, "columns": list(CRITEO)},
            "fields": [{"name": "I1..I13", "kind": "numeric"}, {"name": "C1..C26"}],
        },
        CRITEO,
    ),
    "frappe": Real(
        "frappe/frappe.train.libfm.gz",
        {
            "format": {"kind": "libfm", "columns": list(FRAPPE)},
            "label": {"positive": ["1"], "negative": ["-1", "0"]},
            "fields": [{"name": name} for name in FRAPPE],
        },
        ("label", *FRAPPE),
    ),
}


def real_samples() -> dict[str, Sample]:
    """Those that are there."""
    return {name: _real(name, real) for name, real in REALS.items() if (REAL / real.path).exists()}


def _real(name: str, real: Real) -> Sample:
    """The first rows; columns that are no field are dropped in the description."""
    separator = {"criteo": "\t", "frappe": " "}.get(name, ",")
    with gzip.open(REAL / real.path, "rt", newline="") as file:
        rows = [tuple(row) for row in islice(csv.reader(file, delimiter=separator), N_ROWS + 1)]
    header, records = (real.columns, rows[:N_ROWS]) if real.columns else (rows[0], rows[1:])
    description = dict(real.description)
    if not real.columns:
        fields = {item["name"] for item in description["fields"]}
        label = description.get("label", {}).get("column", "label")
        description["drop"] = [column for column in header if column not in fields | {label}]
    return Sample(name, description, tuple(header), tuple(records), has_header=not real.columns)
