"""Text with one JSON object in each line as raw columns."""

from __future__ import annotations

import json
from glob import escape
from pathlib import Path
from typing import Any, NoReturn

import polars as pl
from polars.exceptions import PolarsError

from autofis_kedro.data.description import DataDescription
from autofis_kedro.data.files import FolderColumns
from autofis_kedro.data.formats import JsonLines
from autofis_kedro.data.lines import BOM, blocks
from autofis_kedro.data.names import EXTRA
from autofis_kedro.data.raw_table import RawTable, check_columns
from autofis_kedro.errors import UserError


def read_json_lines(plain: Path, name: str, description: DataDescription, given: FolderColumns) -> RawTable:
    """Single values as text (numbers as they are written, as near as doubles are), arrays as lists of text.

    The whole file is read once to find its names: a name that few objects have is a column, too.

    Raises:
        UserError: names the first line that is no JSON object, or the columns that are wrong.
    """
    source = escape(str(plain))  # the parser takes every path for a glob
    try:
        inferred = pl.scan_ndjson(source, infer_schema_length=None).collect_schema()
    except PolarsError as error:
        _explain(plain, name, error)
    check_columns(name, inferred.names(), given, description)
    rows = pl.scan_ndjson(source, schema={column: _read_as(dtype) for column, dtype in inferred.items()})
    blank = sum(_blank_lines(block.tobytes()) for block, _ in blocks(plain))
    return RawTable(name, rows.with_columns(pl.lit(None, dtype=pl.String).alias(EXTRA)), JsonLines(), blank=blank)


def _read_as(dtype: pl.DataType) -> pl.DataType:
    """Text for every single value, so that ``8`` beside ``x`` does not become a number elsewhere."""
    if isinstance(dtype, pl.List):
        inner = dtype.inner
        return pl.List(_read_as(inner() if isinstance(inner, type) else inner))
    return dtype if isinstance(dtype, pl.Struct) else pl.String()


def _blank_lines(block: bytes) -> int:
    return sum(not line.strip() for line in block.split(b"\n")) - (block.endswith(b"\n") or not block)


def _explain(plain: Path, name: str, error: PolarsError) -> NoReturn:
    with plain.open("rb") as file:
        for number, line in enumerate(file, 1):
            text = line.removeprefix(BOM) if number == 1 else line
            try:
                value = json.loads(text, parse_constant=_no_json) if text.strip() else {}
            except ValueError as found:
                raise UserError(
                    f"'{name}', line {number} is no JSON object ({found}); one object per line is needed (jq -c '.')"
                ) from found
            if not isinstance(value, dict):
                raise UserError(
                    f"'{name}', line {number} is {json.dumps(value)[:40]}, not a JSON object; one per line is needed"
                )
    raise UserError(f"'{name}' cannot be read: {str(error).splitlines()[0]}") from error


def _no_json(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
