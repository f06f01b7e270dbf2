"""The label: 0, 1, or a bad cell."""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from autofis_kedro.data.cells import Source, Typed
from autofis_kedro.data.fields import Label
from autofis_kedro.data.names import LABEL

NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"


def read_label(label: Label, source: Source) -> Typed:
    """LABEL (UInt8). A missing label is a bad one.

    Raises:
        UserError: the column's type has no text.
    """
    text = source.text().str.strip_chars()
    number = text.cast(pl.Float64, strict=False)
    if label.comparison is not None:
        is_positive = _compared(number, *label.comparison)
        value = pl.when(number.is_finite()).then(is_positive).otherwise(None).cast(pl.UInt8)
    else:
        positive, negative = tuple(label.positive), label.negative
        # A and a may mean different things; words of one meaning are the same in any case.
        folds = not _folded(positive) & _folded(negative)
        one, zero = (_is_one_of(text, number, texts, folds=folds) for texts in (positive, negative))
        value = pl.when(one).then(1).when(zero).then(0).otherwise(None).cast(pl.UInt8)
    return Typed((value.alias(LABEL),), value.is_null(), lambda cell: _explained(label, cell))


def _folded(texts: tuple[str, ...]) -> set[str]:
    return {text.strip().lower() for text in texts}


def _is_one_of(text: pl.Expr, number: pl.Expr, texts: tuple[str, ...], *, folds: bool) -> pl.Expr:
    numbers = [value for value in map(_number, texts) if value is not None]
    words = [one.strip() for one in texts if _number(one) is None]
    found = number.is_in(numbers).fill_null(False)
    if words:
        found |= text.str.to_lowercase().is_in([one.lower() for one in words]) if folds else text.is_in(words)
    return found


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(NUMBER, text.strip()) else None


def _compared(number: pl.Expr, operator: str, threshold: float) -> pl.Expr:
    return {
        ">": number > threshold,
        ">=": number >= threshold,
        "<": number < threshold,
        "<=": number <= threshold,
        "==": number == threshold,
        "=": number == threshold,
        "!=": number != threshold,
    }[operator]


def _explained(label: Label, cell: Any) -> str:
    shown = "" if cell is None else cell
    if label.comparison is not None:
        return f"label '{label.column}' is '{shown}', no number to compare (positive: \"{label.positive}\")"
    allowed = ", ".join((*label.positive, *label.negative))
    return (
        f"label '{label.column}' is '{shown}'; allowed: {allowed} (words in any case); name others under "
        'label.positive and label.negative, or compare a number (positive: ">= 4")'
    )
