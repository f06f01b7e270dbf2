"""Rows to damage: real ones where they lie beside the project, and rows of every kind of field."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from typing import Any

from autofis_kedro.data.description import DataDescription
from benchmarks.faults.reals import N_ROWS, real_samples
from benchmarks.faults.sample import Sample

ALL_KINDS: list[dict[str, Any]] = [
    {"name": "city"},
    {"name": "item"},
    {"name": "price", "kind": "numeric"},
    {"name": "tags", "kind": "multi_hot", "separator": "|"},
    {"name": "time", "kind": "timestamp", "format": "%Y-%m-%d %H:%M:%S", "parts": ["hour", "weekday"]},
]


@cache
def samples() -> dict[str, Sample]:
    """Every sample by name."""
    found = {"own": _own(), "quoted": _quoted(), **real_samples()}
    if _is_known({"kind": "libffm", "columns": ["a", "b", "c"]}):
        found["libffm"] = _libffm()
    if _is_known({"kind": "jsonl"}):
        own = found["own"]
        found["jsonl"] = replace(own, name="jsonl", description=own.description | {"format": {"kind": "jsonl"}})
    return found


def _is_known(form: dict[str, Any]) -> bool:
    try:
        DataDescription.model_validate({"format": form, "fields": [{"name": "a"}, {"name": "b"}]})
    except ValueError:
        return False
    return True


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
