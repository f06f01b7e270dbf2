"""Parquet as many writers make it, with damage; pyarrow is the oracle."""

from __future__ import annotations

import decimal
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from autofis_kedro.data.description import DataDescription
from benchmarks.faults.mutations import ANY_BYTES
from benchmarks.faults.oracle import Read, typed
from benchmarks.faults.outcome import Outcome
from benchmarks.faults.raw import matched, read_by_program
from benchmarks.faults.records import Problem
from benchmarks.faults.sample import Sample
from benchmarks.faults.samples import ALL_KINDS, samples

TYPES: dict[str, Callable[[pa.Array], pa.Array]] = {
    "string": lambda cells: cells,
    "large string": lambda cells: cells.cast(pa.large_string()),
    "dictionary": lambda cells: cells.dictionary_encode(),
    "view": lambda cells: cells.cast(pa.string_view()),
}
NUMBERS: dict[str, Callable[[list[float | None]], pa.Array]] = {
    "double": lambda found: pa.array(found, pa.float64()),
    "float": lambda found: pa.array(found, pa.float32()),
    "decimal": lambda found: pa.array(
        [x if x is None else decimal.Decimal(f"{x:.2f}") for x in found], pa.decimal128(12, 2)
    ),
    "nan": lambda found: pa.array([float("nan") if x is None else x for x in found], pa.float64()),
}
WHOLES: dict[str, pa.DataType] = {"int64": pa.int64(), "int8": pa.int8(), "uint32": pa.uint32(), "double": pa.float64()}


def parquet(number: int, work: Path, room: Path) -> Outcome:
    """A table of some types and options, mostly damaged."""
    chance = random.Random(f"parquet:{number}")
    sample = samples()["own"]
    sample = Sample("own", sample.description | {"format": {"kind": "parquet"}}, sample.header, sample.records)
    table, told = _table(sample, chance)
    path = room / "log.parquet"
    options: dict[str, Any] = {
        "compression": chance.choice(("none", "snappy", "zstd", "gzip", "lz4", "brotli")),
        "version": chance.choice(("1.0", "2.4", "2.6")),
        "data_page_version": chance.choice(("1.0", "2.0")),
        "use_dictionary": chance.random() < 0.5,
        "row_group_size": chance.choice((7, 1000)),
        "write_page_checksum": chance.random() < 0.5,
    }
    pq.write_table(table, path, **options)
    before, done = _expected(path, sample), []
    if chance.random() < 0.75:
        data = path.read_bytes()
        for change in chance.sample(ANY_BYTES, chance.choice((1, 1, 2))):
            data = change(data, chance)
            done.append(change.__name__)
        path.write_bytes(data)
    what = f"{told}, {options['compression']}, pages {options['data_page_version']}: {', '.join(done)}"
    found = read_by_program(path, DataDescription.model_validate(sample.description), what, must_work=not done)
    return found if isinstance(found, Outcome) else matched(found, [before, _expected(path, sample)], what)


def _table(sample: Sample, chance: random.Random) -> tuple[pa.Table, str]:
    """The rows with types drawn for each column; which they are."""
    kinds = {field["name"]: field.get("kind", "categorical") for field in ALL_KINDS}
    columns, told = {}, []
    for place, name in enumerate(sample.header):
        cells = [record[place] or None for record in sample.records]
        kind = chance.choice(list(TYPES))
        array = TYPES[kind](pa.array(cells, pa.string()))
        if kinds.get(name) == "numeric":
            kind = chance.choice(list(NUMBERS))
            array = NUMBERS[kind]([float(cell) if cell else None for cell in cells])
        elif name in ("label", "item"):
            kind = chance.choice(list(WHOLES))
            array = pa.array([int(cell) if cell else None for cell in cells], pa.int64()).cast(WHOLES[kind])
        elif kinds.get(name) == "multi_hot" and chance.random() < 0.5:
            kind = "list"
            array = pa.array([cell.split("|") if cell else None for cell in cells], pa.list_(pa.string()))
        columns[name] = array
        told.append(f"{name} {kind}")
    return pa.table(columns), "; ".join(told)


def _expected(path: Path, sample: Sample) -> Read | Problem:
    """What pyarrow reads."""
    try:
        table = pq.read_table(path, page_checksum_verification=True)
    except (OSError, ValueError, pa.ArrowException, MemoryError, OverflowError) as error:
        return Problem(f"pyarrow: {error}")
    if sorted(table.column_names) != sorted(sample.header):
        return Problem(f"columns {table.column_names}")
    try:
        rows = [typed({name: _word(cell) for name, cell in row.items()}, sample) for row in table.to_pylist()]
    except (Problem, UnicodeDecodeError) as error:
        return Problem(str(error))
    return Read(rows, 0)


def _word(cell: Any) -> str:
    """A cell as the text that it would have been."""
    if cell is None or cell != cell:  # NaN
        return ""
    if isinstance(cell, list):
        return "|".join(part for part in cell if part)
    return repr(cell) if isinstance(cell, float) else str(cell)
