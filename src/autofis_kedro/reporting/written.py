"""Names and values are the user's: shown as written, wherever something would read them as markup or as a formula."""

from __future__ import annotations

import re
from html import escape
from typing import Any

import polars as pl
from rich.text import Text

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters, line ends, and marks that turn the direction of what follows."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A spreadsheet takes a cell that begins so for a formula (OWASP, "CSV Injection"), their full-width forms as well."""

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|~&$#])")

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
}

PLOTLY_TEXTS = ("name", "text", "x", "y", "legendgroup")
"""Parts of a trace that plotly takes for a subset of HTML."""


def on_one_line(text: str) -> str:
    r"""The text with what cannot be printed as its escape: ``\n`` a line end, ``\x1b`` what colours a terminal."""
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def plain(text: str, style: str = "") -> Text:
    """For rich, which would take ``[bold]`` and ``:car:`` in a text for its own."""
    return Text(on_one_line(text), style=style)


def for_plotly(value: Any) -> Any:
    """Strings, also within lists, that plotly shows as they are: it would take ``<b>`` for bold."""
    if isinstance(value, str):
        return escape(value, quote=False)
    return [for_plotly(part) for part in value] if isinstance(value, list | tuple) else value


def escape_traces(figure: Any) -> None:
    """Escape every text of a plotly figure's traces, in place."""
    for trace in figure.data:
        for key in PLOTLY_TEXTS:
            found = trace[key]
            if isinstance(found, str | list | tuple):
                trace[key] = for_plotly(found)


def for_markdown(text: str) -> str:
    """A cell or a sentence that Markdown shows as it is."""
    return _MARKDOWN.sub(r"\\\1", on_one_line(text))


def for_latex(text: str) -> str:
    """A cell or a sentence that LaTeX prints as it is.

    ``\\`` takes a ``[`` or ``*`` that follows it, on the next line as well, for its own argument: such a text begins
    with an empty group.
    """
    escaped = "".join(_LATEX.get(letter, letter) for letter in on_one_line(text))
    return f"{{}}{escaped}" if escaped.startswith(("[", "*")) else escaped


def for_spreadsheets(frame: pl.DataFrame) -> str:
    """The table as CSV whose texts no spreadsheet runs: those that begin like a formula get an apostrophe before them.

    Numbers stay numbers, a negative one as well.
    """
    safe = [_as_text(column) if column.dtype == pl.String else column for column in frame]
    headed = {name: f"'{name}" for name in frame.columns if name.startswith(FORMULA_STARTS)}
    return pl.DataFrame(safe).rename(headed).write_csv()


def _as_text(column: pl.Series) -> pl.Series:
    begins = "^[" + "".join(map(re.escape, FORMULA_STARTS)) + "]"
    is_formula = column.str.contains(begins).fill_null(False)
    return ("'" + column).alias(column.name).zip_with(is_formula, column) if is_formula.any() else column
