"""What a file says, read by other means: Python's csv, datetime and float. The program must say the same, or refuse.

Nothing of the program's own reading is used here.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any

from benchmarks.faults.samples import Sample

csv.field_size_limit(sys.maxsize)
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
WHOLE = re.compile(r"(-?(?:0|[1-9]\d*))\.0+", re.ASCII)
TRUE, FALSE = {"1", "true", "t", "yes", "y"}, {"0", "false", "f", "no", "n"}
EXACT = ("numeric", "timestamp")
PARTS = {"hour": "%H", "weekday": "%u", "day": "%d", "month": "%m"}

Row = tuple[Any, ...]


class Problem(Exception):
    """Why a file, or a row of it, must be refused."""


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
    names, records = _cells(data, sample)
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


def _cells(data: bytes, sample: Sample) -> tuple[Sequence[str], list[list[str]]]:
    text = decoded(data)
    if sample.form["kind"] in OTHER:
        return OTHER[sample.form["kind"]](text, _expected(sample))
    style: dict[str, Any] = {"delimiter": sample.separator, "strict": True}
    style |= {"quotechar": sample.quote} if sample.quote else {"quoting": csv.QUOTE_NONE}
    try:
        records = [record for record in csv.reader(io.StringIO(text, newline=""), **style) if record]
    except csv.Error as error:
        raise Problem(str(error)) from error
    if not sample.has_header:
        return _expected(sample), records
    if not records:
        raise Problem("no rows")
    names, expected = [name.strip() for name in records[0]], {*_expected(sample)}
    if len(set(names)) < len(names) or set(names) != expected:
        raise Problem(f"columns {names} where {sorted(expected)} are described")
    return names, records[1:]


def decoded(data: bytes) -> str:
    """Text in UTF-8; line ends of old computers as those of today.

    Raises:
        Problem: it is none.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Problem("not UTF-8") from error
    return text.replace("\r", "\n") if "\r" in text and "\n" not in text else text


def _libffm(text: str, names: list[str]) -> tuple[list[str], list[list[str]]]:
    """Cells by field number; a field that a row lacks is empty, a row that is none of libffm has too few cells."""
    records = []
    for line in text.split("\n"):
        label, *tokens = line.split() or [""]
        cells = [token.split(":") for token in tokens]
        if not label and not tokens:
            continue
        places = [int(cell[0]) + 1 if re.fullmatch(r"[0-9]{1,9}", cell[0]) else -1 for cell in cells]
        is_sound = ":" not in label and all(len(cell) == 3 and all(cell) for cell in cells)
        if not is_sound or len(set(places)) < len(places) or not all(0 < place < len(names) for place in places):
            records.append([line])
            continue
        by_place = {place: ":".join(cell) for place, cell in zip(places, cells, strict=True)}
        records.append([label, *(by_place.get(place, "") for place in range(1, len(names)))])
    return names, records


def _jsonl(text: str, names: list[str]) -> tuple[list[str], list[list[str]]]:
    """Cells by name; one that is missing is empty."""
    records, seen = [], set()
    for line in text.split("\n"):
        if not line.strip():
            continue
        try:
            value = json.loads(
                line, parse_float=str, parse_int=str, parse_constant=_no_constant, object_pairs_hook=_pairs
            )
        except (ValueError, RecursionError) as error:
            raise Problem(f"no JSON: {line[:50]!r}") from error
        if not isinstance(value, dict) or any(isinstance(cell, dict | list) for cell in value.values()):
            raise Problem(f"no object of single values: {line[:50]!r}")
        seen |= set(value)
        records.append([_word(value.get(name)) for name in names])
    if seen != set(names):
        raise Problem(f"columns {sorted(seen)} where {sorted(names)} are described")
    return names, records


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name that stands twice")
    return found


def _no_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


OTHER = {"libffm": _libffm, "jsonl": _jsonl}


def _expected(sample: Sample) -> list[str]:
    """The described columns; in order where the file names none."""
    form, label = sample.form, sample.description.get("label", {}).get("column", "label")
    if form["kind"] in ("libfm", "libffm"):
        return [label, *form["columns"]]
    if form.get("columns"):
        return list(sample_columns(sample))
    return [label, *(field["name"] for field in sample.description["fields"]), *sample.description.get("drop", ())]


def sample_columns(sample: Sample) -> tuple[str, ...]:
    """Columns of a file without a header, ranges written out."""
    from benchmarks.faults.samples import CRITEO

    return CRITEO if sample.name == "criteo" else tuple(sample.form["columns"])


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
            found.append(values(text.split(field.get("separator", "|"))))
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
    word = canonical(text) or ""
    if "positive" in label:
        if word in label["positive"]:
            return 1
        if word in label["negative"]:
            return 0
    elif word.lower() in TRUE or word.lower() in FALSE:
        return int(word.lower() in TRUE)
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
