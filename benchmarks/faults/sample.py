"""Rows as text, and how they are described."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any


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


def _object(names: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    """A row as JSON: numbers as such, empty cells as null or not there."""
    found: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=False):
        if cell == "" and len(found) % 2:
            found[name] = None
        elif cell != "":
            found[name] = int(cell) if re.fullmatch(r"0|[1-9]\d{0,8}", cell) else cell
    return found
