"""Damage to cells and columns of a file, as exports and editors of tables do it."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable

from benchmarks.faults.sample import Sample

CELLS = [
    "",
    " ",
    "NA",
    "nan",
    "inf",
    "-1",
    "1.0",
    "1e5",
    "1_000",
    "1,5",
    "0x10",
    "true",
    "TRUE",
    "'",
    "é",
    "\0",
    "=1+1",
    "8 ",
    " 8",
]
CELLS += [
    "9" * 400,
    "x" * 70_000,
    "2026-02-30 00:00:00",
    "1e400",
    "None",
    "\u202e",
    "[a]",
    "1:2:3",
    "a\tb",
    "1.7976931348623157e308",
]

Random = random.Random
OfSample = Callable[[Sample, Random], Sample]


def odd_cell(sample: Sample, chance: Random) -> Sample:
    """A value that the column may not hold."""
    records = [list(record) for record in sample.records]
    record = chance.choice(records)
    record[chance.randrange(len(record))] = chance.choice(CELLS)
    return sample.with_rows(sample.header, tuple(map(tuple, records)))


def swapped_columns(sample: Sample, chance: Random) -> Sample:
    """Two columns change places; with a header line that is harmless."""
    one, other = chance.sample(range(len(sample.header)), 2)
    order = list(range(len(sample.header)))
    order[one], order[other] = other, one
    return sample.with_rows(*(_ordered(sample, order)))


def lost_column(sample: Sample, chance: Random) -> Sample:
    """A column is not there."""
    gone = chance.randrange(len(sample.header))
    return sample.with_rows(*_ordered(sample, [place for place in range(len(sample.header)) if place != gone]))


def further_column(sample: Sample, chance: Random) -> Sample:
    """A column that nobody described, or the same one again."""
    order = [*range(len(sample.header)), chance.randrange(len(sample.header))]
    header, records = _ordered(sample, order)
    return sample.with_rows((*header[:-1], chance.choice((header[-1], "more", "", " ", '"', "Unnamed: 0"))), records)


def odd_name(sample: Sample, chance: Random) -> Sample:
    """A name in the header is written otherwise."""
    header = list(sample.header)
    place = chance.randrange(len(header))
    name = header[place]
    header[place] = chance.choice(
        (f" {name}", f"{name} ", name.upper(), f'"{name}"', "", f"\ufeff{name}", f"{name}\n", f"#{name}")
    )
    return sample.with_rows(tuple(header), sample.records)


def _ordered(sample: Sample, order: list[int]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    take = lambda row: tuple(row[place] for place in order if place < len(row))  # noqa: E731
    return take(sample.header), tuple(map(take, sample.records))


ANY_CELLS: tuple[OfSample, ...] = (odd_cell, odd_cell, swapped_columns, lost_column, further_column, odd_name)


def quoted(sample: Sample) -> str:
    """The file with every cell quoted."""
    rows = ([sample.header] if sample.has_header else []) + list(sample.records)
    buffer = io.StringIO()
    style = {"delimiter": sample.separator, "quotechar": sample.quote, "lineterminator": "\n"}
    csv.writer(buffer, quoting=csv.QUOTE_ALL, **style).writerows(rows)  # type: ignore[arg-type]
    return buffer.getvalue()
