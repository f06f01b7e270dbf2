"""How the files of a data set are written: the kinds that ``format`` in a description may name."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field as Bounded
from pydantic import field_validator, model_validator

from autofis_kedro.config import Frozen


def expand(name: str) -> tuple[str, ...]:
    """``I1..I3`` -> I1, I2, I3; any other name stands for itself."""
    found = re.fullmatch(r"(.*?)(\d+)\.\.(.*?)(\d+)", name)
    if found is None or found[1] != found[3]:
        return (name,)
    return tuple(f"{found[1]}{number}" for number in range(int(found[2]), int(found[4]) + 1))


def _expanded(names: Any) -> Any:
    if not isinstance(names, list | tuple):
        return names  # none, or what the type refuses
    return tuple(one for name in names for one in (expand(name) if isinstance(name, str) else (name,)))


class Delimited(Frozen):
    """Text with a separator: csv, tsv.

    Attributes:
        separator: one character or several.
        columns: names in order where the file has no header line; ``I1..I13`` stands for thirteen.
        quote: the quoting character, one of ASCII; null or "" where the file quotes nothing.
        strip: take blanks off around every cell and name (within quotes they stay).
    """

    kind: Literal["delimited"] = "delimited"
    separator: str = Bounded(default=",", min_length=1)
    columns: tuple[str, ...] | None = None
    quote: str | None = '"'
    strip: bool = False

    _expand = field_validator("columns", mode="before")(_expanded)

    @field_validator("separator")
    @classmethod
    def _separates(cls, separator: str) -> str:
        if set(separator) & set("\r\n\0"):
            raise ValueError(f"{separator!r} holds a line end or NUL, which cannot separate cells")
        if separator in ("\\t", "\\s", "\\|"):
            raise ValueError(
                f"'{separator}' is a backslash and a letter; a tab is written \"\\t\", in double quotes, and other "
                "separators as they are: no patterns"
            )
        return separator

    @field_validator("quote")
    @classmethod
    def _quotes(cls, quote: str | None) -> str | None:
        if not quote:
            return None
        if len(quote) > 1 or not quote.isascii() or quote in "\r\n\0":
            raise ValueError(f'{quote!r} is not one character of ASCII; null or "" where nothing is quoted')
        return quote

    @model_validator(mode="after")
    def _are_told_apart(self) -> Delimited:
        if self.quote is not None and self.quote in self.separator:
            raise ValueError(f"separator {self.separator!r} holds the quote {self.quote!r}; set quote: null")
        if self.strip and not self.separator.strip(" "):
            raise ValueError("strip takes blanks off, and the separator is a blank; leave one of them out")
        return self


class Parquet(Frozen):
    """Parquet files."""

    kind: Literal["parquet"] = "parquet"


class JsonLines(Frozen):
    """Text with one JSON object in each line (jsonl, ndjson); a name that an object lacks is missing."""

    kind: Literal["jsonl"] = "jsonl"


class LibFM(Frozen):
    """libfm text with the same fields at the same places in every row: ``label id:1 id:1 ...``.

    Attributes:
        columns: names of the fields in order.
        values: ``ones``: a value other than 1 is an error; ``ignored``: whatever it is, it is not read.
    """

    kind: Literal["libfm"] = "libfm"
    columns: tuple[str, ...]
    values: Literal["ones", "ignored"] = "ones"

    _expand = field_validator("columns", mode="before")(_expanded)


class LibFFM(Frozen):
    """libffm text: ``label field:id:value field:id:value ...``; a field that a row lacks is missing there.

    Attributes:
        columns: names of the fields 0, 1, 2, ...
        values: as in ``LibFM``.
    """

    kind: Literal["libffm"] = "libffm"
    columns: tuple[str, ...]
    values: Literal["ones", "ignored"] = "ones"

    _expand = field_validator("columns", mode="before")(_expanded)


Format = Annotated[Delimited | Parquet | JsonLines | LibFM | LibFFM, Bounded(discriminator="kind")]
