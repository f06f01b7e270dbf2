"""What a file says, read by other means: Python's csv, datetime and float. The program must say the same, or refuse.

Nothing of the program's own reading is used here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any

from benchmarks.faults.records import Problem, records_of
from benchmarks.faults.sample import Sample

WEIGHTED = re.compile(r":\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$", re.ASCII)
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
WHOLE = re.compile(r"(-?(?:0|[1-9]\d*))\.0+", re.ASCII)
TRUE, FALSE = {"1", "true", "t", "yes", "y"}, {"0", "false", "f", "no", "n"}
EXACT = ("numeric", "timestamp")
PARTS = {"hour": "%H", "weekday": "%u", "day": "%d", "month": "%m"}

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Read:
    """A file: its rows, each the label and then the fields, and how many were left out."""

    rows: list[Row]
    skipped: int


def read(data: bytes, sample: Sample, *, are_blanks_taken_off: bool = True) -> Read:
    """Every row.

    Args:
        data: the file.
        sample: how it is described.
        are_blanks_taken_off: whether a number or a moment with a blank beside it is one; readers differ.

    Raises:
        Problem: the file cannot be what it is described to be.
    """
    names, records = records_of(data, sample)
    is_lenient = sample.description.get("on_bad_row") == "skip"
    rows, skipped = [], 0
    for record in records:
        try:
            if len(record) != len(names):
                raise Problem(f"{len(record)} cells where {len(names)} are: {record[:5]}")
            if not are_blanks_taken_off and _has_blanks(names, record, sample):
                raise Problem("a blank beside a number or a moment")
            rows.append(typed(dict(zip(names, record, strict=True)), sample))
        except Problem:
            if not is_lenient:
                raise
            skipped += 1
    return Read(rows, skipped)


def _has_blanks(names: Sequence[str], record: Sequence[str], sample: Sample) -> bool:
    exact = {field["name"] for field in _fields(sample.description["fields"]) if field.get("kind") in EXACT}
    return any(name in exact and cell and cell != cell.strip() for name, cell in zip(names, record, strict=True))


def typed(cells: dict[str, str], sample: Sample) -> Row:
    """The label and the fields.

    Raises:
        Problem: a cell is not what it must be.
    """
    description = sample.description
    found: list[Any] = [
        _label(cells[description.get("label", {}).get("column", "label")], description.get("label", {}))
    ]
    for field in _fields(description["fields"]):
        text = _unpacked(cells[field["name"]], sample.form["kind"], field["name"], sample)
        kind = field.get("kind", "categorical")
        if kind == "numeric":
            found.append(_number(text))
        elif kind == "timestamp":
            found += _parts(text, field)
        elif kind == "multi_hot":
            listed = _listed(text, field.get("separator", "|"))
            if text.strip() and all(WEIGHTED.search(one) for one in listed if one.strip()):
                raise Problem(f"weights, which are not read: {text[:50]!r}")
            found.append(values(listed))
        else:
            found.append(canonical(text))
    return tuple(found)


def _unpacked(text: str, kind: str, name: str, sample: Sample) -> str:
    """The id of a libfm or libffm cell."""
    if kind not in ("libfm", "libffm") or not text:
        return text
    parts = text.split(":")
    wanted = 2 if kind == "libfm" else 3
    if len(parts) != wanted or not all(parts) or not re.fullmatch(r"1(\.0*)?", parts[-1]):
        raise Problem(f"no {kind} cell: {text[:50]!r}")
    return parts[-2]


def _fields(fields: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ranges written out."""
    found = []
    for field in fields:
        span = re.fullmatch(r"(\D+)(\d+)\.\.\1(\d+)", field["name"])
        names = [f"{span[1]}{n}" for n in range(int(span[2]), int(span[3]) + 1)] if span else [field["name"]]
        found += [field | {"name": name} for name in names]
    return found


def _label(text: str, label: dict[str, Any]) -> int:
    word = (canonical(text) or "").lower()
    value = float(word) if NUMBER.fullmatch(word) else None
    for one, words in ((1, label.get("positive", TRUE)), (0, label.get("negative", FALSE))):
        known = {str(known).lower() for known in words}
        # numbers by their value: 00 is 0
        if word in known or value in {float(known) for known in known if NUMBER.fullmatch(known)}:
            return one
    raise Problem(f"label {text[:50]!r}")


def _number(text: str) -> float | None:
    text = text.strip()
    if not text:
        return None
    if not NUMBER.fullmatch(text) or not isfinite(float(text)):
        raise Problem(f"no number: {text[:50]!r}")
    return float(text)


def _parts(text: str, field: dict[str, Any]) -> list[str | None]:
    if not text.strip():
        return [None] * len(field["parts"])
    try:
        moment = datetime.strptime(text.strip(), field["format"])
    except ValueError as error:
        raise Problem(f"no moment: {text[:50]!r}") from error
    return [moment.strftime(PARTS[part]) for part in field["parts"]]


def _listed(text: str, separator: str) -> list[str]:
    """The values of a cell: separated, or as languages print a list: ``[a, 'b']``."""
    printed = re.fullmatch(r"\s*\[([^\[\]]*)\]\s*", text)
    if printed is None:
        return text.split(separator)
    return [one.strip().strip("'\"") for one in printed[1].split(",")]


def canonical(text: str | None) -> str | None:
    """Equal ids are equal: 8, 8.0 and 8 with a blank; an empty cell is none."""
    if text is None:
        return None
    text = text.strip().strip("\ufeff").strip()
    whole = WHOLE.fullmatch(text)
    return (whole[1] if whole else text) or None


def values(parts: Sequence[str | None]) -> tuple[str, ...] | None:
    """Values of a multi-hot cell, in order; a cell without any is empty."""
    return tuple(found for part in parts if (found := canonical(part)) is not None) or None


def comparable(row: Row) -> Row:
    """A row of the program's typed rows in the oracle's terms."""
    return tuple(_same(cell) for cell in row)


def _same(cell: Any) -> Any:
    if isinstance(cell, str):
        return canonical(cell)
    return values(cell) if isinstance(cell, list) else cell
