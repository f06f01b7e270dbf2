"""What rows to predict hold beside the test rows, for a terminal and a log."""

from __future__ import annotations

from rich.table import Table

from autofis_kedro.evaluation.coverage import FieldCoverage, ScoringReport, Surprise, Unknown
from autofis_kedro.reporting.written import on_one_line, plain

KINDS: tuple[Unknown, ...] = ("unseen", "missing")


def coverage_table(report: ScoringReport) -> Table:
    """Shares of unseen and of missing values by field, those that are far above the test rows' in bold."""
    table = Table()
    table.add_column("field", no_wrap=True)
    for title in ("unseen", "test rows", "missing", "test rows"):
        table.add_column(title, justify="right", no_wrap=True)
    surprising = {(found.field, found.what) for found in report.surprises()}
    for name, here in report.coverage.items():
        cells = []
        for what in KINDS:
            style = "bold red" if (name, what) in surprising else ""
            test = report.test.get(name) if report.test is not None else None
            cells += [plain(_percent(here, what), style), plain("" if test is None else _percent(test, what))]
        table.add_row(plain(name), *cells)
    return table


def surprise(found: Surprise) -> str:
    """One field in a sentence."""
    here, test, what = found.here, found.test, found.what
    said = (
        f"field '{on_one_line(found.field)}': {_percent(here, what)} of the values are {what} "
        f"({here.count(what):,} of {here.values:,}), {_percent(test, what)} in the test rows "
        f"({test.count(what):,} of {test.values:,})"
    )
    if what == "missing":
        return f"{said}: are they there, and written as in the rows of the training?"
    return f"{said}: the model knows nothing of them; are they written as in the rows of the training?"


def _percent(found: FieldCoverage, what: Unknown) -> str:
    share = found.share(what)
    return f"{share:.1%}" if share == 0 or share >= 0.0005 else "< 0.1%"
