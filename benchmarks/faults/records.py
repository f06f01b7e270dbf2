"""The records of a file, read by other means than the program's: Python's csv and json, and what libffm is."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.faults.reals import CRITEO
from benchmarks.faults.sample import Sample

csv.field_size_limit(sys.maxsize)


class Problem(Exception):
    """Why a file, or a row of it, must be refused."""


def records_of(data: bytes, sample: Sample) -> tuple[Sequence[str], list[list[str]]]:
    """Names of the columns, and the cells of every record that is no blank line.

    Raises:
        Problem: the file cannot be what it is described to be.
    """
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
        places = [int(cell[0]) + 1 if re.fullmatch(r"0|[1-9][0-9]{0,8}", cell[0]) else -1 for cell in cells]
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
    return CRITEO if sample.name == "criteo" else tuple(sample.form["columns"])
