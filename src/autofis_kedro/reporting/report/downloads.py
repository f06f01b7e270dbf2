"""The selection as files within the page: data: addresses, which need no network."""

from __future__ import annotations

import base64

import polars as pl

from autofis_kedro.reporting.report.contents import Contents, SearchedModel
from autofis_kedro.reporting.report.html_tables import kept_rows
from autofis_kedro.reporting.written import for_spreadsheets


def json_address(searched: SearchedModel) -> str:
    """The selection as ``selection.json``, which ``--params selection_from=`` takes."""
    return _address("application/json", searched.selection.model_dump_json(indent=2))


def csv_address(searched: SearchedModel, contents: Contents) -> str:
    """The table of kept pairs, unrounded, for a spreadsheet."""
    rows = pl.DataFrame(kept_rows(searched, contents), infer_schema_length=None)
    return _address("text/csv", for_spreadsheets(rows))


def _address(kind: str, text: str) -> str:
    return f"data:{kind};charset=utf-8;base64,{base64.b64encode(text.encode()).decode()}"
