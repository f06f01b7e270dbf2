"""How the label and each column that becomes a field are described."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field as Bounded
from pydantic import field_validator, model_validator

from autofis_kedro.config import Frozen
from autofis_kedro.data.formats_of_time import check_format

TimePart = Literal["hour", "weekday", "day", "month"]

POSITIVE = ("1", "true", "t", "yes", "y")
NEGATIVE = ("0", "false", "f", "no", "n")
COMPARISON = re.compile(r"\s*(>=|<=|==|!=|=|>|<)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*")


class Label(Frozen):
    """The label column and what it may hold.

    Attributes:
        column: its name.
        positive: what means 1: texts (numbers by their value, words in any case), or a comparison with a number, as
            ``">= 4"``, that makes every other number 0.
        negative: what means 0.
    """

    column: str = "label"
    positive: tuple[str, ...] | str = POSITIVE
    negative: tuple[str, ...] = NEGATIVE

    @field_validator("positive", "negative", mode="before")
    @classmethod
    def _as_texts(cls, given: Any) -> Any:
        if isinstance(given, str) and given.strip()[:1] in ("<", ">", "=", "!"):
            return given
        return _texts(given if isinstance(given, list | tuple | set) else [given])

    @model_validator(mode="after")
    def _is_decided(self) -> Label:
        if isinstance(self.positive, str):
            if COMPARISON.fullmatch(self.positive) is None:
                raise ValueError(f"positive {self.positive!r}: a comparison is >, >=, <, <=, == or != and a number")
            if self.negative != NEGATIVE:
                raise ValueError(
                    f"negative: with positive {self.positive!r} every other number is negative; leave it out"
                )
        elif both := sorted({*self.positive} & {*self.negative}):
            raise ValueError(f"both positive and negative: {', '.join(both)}")
        elif not self.positive or not self.negative:
            raise ValueError("positive and negative need at least one value each")
        return self

    @property
    def comparison(self) -> tuple[str, float] | None:
        """Operator and number, where ``positive`` is one."""
        found = COMPARISON.fullmatch(self.positive) if isinstance(self.positive, str) else None
        return None if found is None else (found[1], float(found[2]))


def _texts(values: Iterable[Any]) -> tuple[Any, ...]:
    """YAML reads 1 as a number and yes, in some versions, as true."""
    texts: list[Any] = []
    for value in values:
        if isinstance(value, bool):
            texts += POSITIVE[1:] if value else NEGATIVE[1:]
        else:
            texts.append(str(value) if isinstance(value, int | float) else value)
    return tuple(texts)


class FieldDescription(Frozen):
    """One field, or several alike.

    Attributes:
        name: the column; ``I1..I13`` stands for thirteen fields.
        kind: ``timestamp`` is a column that other fields are derived from and no field itself.
        separator: between the values of a multi-hot cell; a list in brackets is read as one, whatever this is.
        weights: of values written ``value:weight`` in multi-hot cells: they are refused, ignored, or kept as a part of
            the value.
        decimal: the decimal mark of a numeric field.
        thousands: what stands between groups of three digits.
        percent: numbers are written with a percent sign: 12.5% is 0.125.
        format: of a timestamp: strftime's letters; ``%s``, ``%ms``, ``%us``: seconds, milliseconds, microseconds since
            1970; None: ISO 8601, or a parquet file's own type.
        parts: fields derived from a timestamp, named after the part (after column and part where two would be alike).
    """

    name: str
    kind: Literal["categorical", "numeric", "multi_hot", "timestamp"] = "categorical"
    separator: str = Bounded(default="|", min_length=1)
    weights: Literal["refuse", "ignore", "keep"] = "refuse"
    decimal: str = Bounded(default=".", min_length=1, max_length=1)
    thousands: str | None = Bounded(default=None, min_length=1, max_length=1)
    percent: bool = False
    format: str | None = None
    parts: tuple[TimePart, ...] = ()

    @model_validator(mode="after")
    def _timestamp_is_complete(self) -> FieldDescription:
        if self.kind == "timestamp" and not self.parts:
            raise ValueError(f"timestamp '{self.name}' needs parts (hour, weekday, day, month)")
        if self.format is not None:
            check_format(self.format, self.parts)
        return self

    @model_validator(mode="after")
    def _options_are_of_the_kind(self) -> FieldDescription:
        options = {
            "decimal": "numeric",
            "thousands": "numeric",
            "percent": "numeric",
            "weights": "multi_hot",
            "parts": "timestamp",
        }
        for option, kind in options.items():
            if kind != self.kind and getattr(self, option) != type(self).model_fields[option].default:
                raise ValueError(f"{option} of '{self.name}' is an option of {kind} fields; it is {self.kind}")
        return self

    @model_validator(mode="after")
    def _marks_are_told_apart(self) -> FieldDescription:
        for option, mark in (("decimal", self.decimal), ("thousands", self.thousands)):
            if mark is not None and (mark.isdigit() or mark in "+-eE%"):
                raise ValueError(f"{option} '{mark}' of '{self.name}' would be read as a part of the number")
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands of '{self.name}' are both '{self.decimal}'")
        return self
