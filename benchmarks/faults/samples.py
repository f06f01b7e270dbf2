"""Rows to damage: real ones where they lie beside the project, rows of every kind of field otherwise."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice
from typing import Any

from autofis_kedro.data.description import DataDescription
from benchmarks.faults.commands import ROOT

REAL = ROOT.parent / "shared" / "data"
N_ROWS = 60


@dataclass(frozen=True)
class Sample:
    """Rows as text, and how they are described.

    Attributes:
        name: of the sample.
        description: as ``DataDescription`` takes it.
        header: column names in order.
        records: cells of each row.
        has_header: whether a line of names comes first.
    """

    name: str
    description: dict[str, Any]
    header: tuple[str, ...]
    records: tuple[tuple[str, ...], ...]
    has_header: bool = True

    @property
    def form(self) -> dict[str, Any]:
        """How the file is written."""
        found: dict[str, Any] = self.description.get("format", {"kind": "delimited"})
        return found

    @property
    def separator(self) -> str:
        """Between cells."""
        return " " if self.form["kind"] in ("libfm", "libffm") else str(self.form.get("separator", ","))

    @property
    def quote(self) -> str | None:
        """Around cells."""
        return self.form.get("quote", '"') if self.form["kind"] == "delimited" else None

    def text(self) -> str:
        """The file."""
        rows = ([self.header] if self.has_header else []) + list(self.records)
        if self.form["kind"] == "jsonl":
            return "".join(json.dumps(_object(self.header, row)) + "\n" for row in self.records)
        if self.quote is None:
            return "".join(self.separator.join(row) + "\n" for row in rows)
        buffer = io.StringIO()
        csv.writer(buffer, delimiter=self.separator, quotechar=self.quote, lineterminator="\n").writerows(rows)
        return buffer.getvalue()

    def with_rows(self, header: tuple[str, ...], records: tuple[tuple[str, ...], ...]) -> Sample:
        """The same with other columns and rows."""
        return replace(self, header=header, records=records)


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
ALL_KINDS: list[dict[str, Any]] = [
    {"name": "city"},
    {"name": "item"},
    {"name": "price", "kind": "numeric"},
    {"name": "tags", "kind": "multi_hot", "separator": "|"},
    {"name": "time", "kind": "timestamp", "format": "%Y-%m-%d %H:%M:%S", "parts": ["hour", "weekday"]},
]
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


@cache
def samples() -> dict[str, Sample]:
    """Every sample by name."""
    found = {"own": _own(), "quoted": _quoted()}
    for name, real in REALS.items():
        if (REAL / real.path).exists():
            found[name] = _real(name, real)
    if _is_known({"kind": "libffm", "columns": ["a", "b", "c"]}):
        found["libffm"] = _libffm()
    if _is_known({"kind": "jsonl"}):
        own = found["own"]
        found["jsonl"] = replace(own, name="jsonl", description=own.description | {"format": {"kind": "jsonl"}})
    return found


def _object(names: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    """A row as JSON: numbers as such, empty cells as null or not there."""
    found: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=False):
        if cell == "" and len(found) % 2:
            found[name] = None
        elif cell != "":
            found[name] = int(cell) if re.fullmatch(r"0|[1-9]\d{0,8}", cell) else cell
    return found


def _is_known(form: dict[str, Any]) -> bool:
    try:
        DataDescription.model_validate({"format": form, "fields": [{"name": "a"}, {"name": "b"}]})
    except ValueError:
        return False
    return True


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


def _own() -> Sample:
    """Every kind of field."""
    chance = random.Random(0)
    records = []
    for number in range(N_ROWS):
        time = f"2026-03-{chance.randint(1, 28):02} {chance.randrange(24):02}:00:00"
        tags = "|".join(chance.sample("abcd", chance.randint(0, 2)))
        price = chance.choice(["", str(round(chance.lognormvariate(1, 1), 2)), "-3", "1e3", ".5"])
        records.append(
            (f"r{number}", str(number % 2), f"c{chance.randrange(5)}", f"{chance.randrange(9)}", price, tags, time)
        )
    return Sample(
        "own",
        {"fields": ALL_KINDS, "drop": ["id"]},
        ("id", "label", "city", "item", "price", "tags", "time"),
        tuple(records),
    )


def _quoted() -> Sample:
    """Cells that hold separators, quotes, line ends and other alphabets."""
    chance = random.Random(1)
    words = [
        "a,b",
        'say ""'.replace('""', '"hi"'),
        "two\nlines",
        "Ünïcode",
        "東京",
        "plain",
        "x y",
        "",
        "🙂",
        "'",
        "a;b",
    ]
    records = tuple((str(n % 2), chance.choice(words), chance.choice(words), str(n)) for n in range(N_ROWS))
    fields = [{"name": "city, or town"}, {"name": 'the "item"'}, {"name": "n", "kind": "numeric"}]
    return Sample("quoted", {"fields": fields}, ("label", "city, or town", 'the "item"', "n"), records)


def _libffm() -> Sample:
    """Field numbers before every id."""
    chance = random.Random(2)
    records = tuple((str(n % 2), *(f"{place}:{chance.randrange(20)}:1" for place in range(3))) for n in range(N_ROWS))
    description = {"format": {"kind": "libffm", "columns": ["a", "b", "c"]}, "fields": [{"name": n} for n in "abc"]}
    return Sample("libffm", description, ("label", "a", "b", "c"), records, has_header=False)
