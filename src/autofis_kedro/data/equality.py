"""Equal values are equal: one rule, used where vocabularies are fitted and where rows are encoded.

Programs write one id in several ways: 8 becomes 8.0 in a column of floats, where a value was missing, or gets a blank.
The values of a field in the train rows decide how its values are compared, and the vocabulary keeps it:

* ``number``: all of them are numbers. Blanks around a number do not count, and neither does how a whole number is
  written: 8, 8.0, 8.00 and " 8 " are 8, 1.2E7 and 1.2e+07 are 12000000, -0 is 0. Other numbers stay as they are
  written: 8.1 and 8.10 may be versions.
* ``truth``: all of them are true or false, in any case.
* ``text``: anything else. 08 is no number, so that postal codes with a leading zero stay apart.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

EqualAs = Literal["text", "number", "truth"]
EQUAL_AS: tuple[EqualAs, ...] = ("text", "number", "truth")

EXPONENT = r"[eE](?:[+-]?[1-9]?[0-9]|[+-][0-9]{2,3})"
"""With a sign also as C, R and Python write them: 1e+05, 1e-05."""
NUMBER = rf"^\s*-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:{EXPONENT})?\s*$"
TRUTH = r"^\s*(?i:true|false)\s*$"
PLAIN = r"^(?:0|-?[1-9][0-9]*)$"
WHOLE = r"^(-?)(0|[1-9][0-9]*)(?:\.0+)?$"
HAS_EXPONENT = r"[eE]"
MAX_EXACT = 2**53
"""From here on a float does not hold every whole number, and a number with an exponent stays as it is written."""
FIRST_LOOK = 1000


def compared_as(values: pl.Series) -> EqualAs:
    """How a field compares its values.

    Args:
        values: distinct, of the train rows, without nulls.
    """
    patterns: dict[EqualAs, str] = {"number": NUMBER, "truth": TRUTH}
    for equal_as, pattern in patterns.items():
        # most columns of text show it at once
        if len(values) and all(part.str.contains(pattern).all() for part in (values.head(FIRST_LOOK), values)):
            return equal_as
    return "text"


def is_plain(values: pl.Series) -> bool:
    """Whether all values are whole numbers in canonical form, as they nearly always are where they are numbers."""
    return len(values) > 0 and all(part.str.contains(PLAIN).all() for part in (values.head(FIRST_LOOK), values))


def canonical(values: pl.Expr, equal_as: EqualAs) -> pl.Expr:
    """Text as the vocabulary lists it: the same for equal values, and for what is canonical already itself."""
    if equal_as == "text":
        return values
    stripped = values.str.strip_chars()
    if equal_as == "truth":
        return pl.when(values.str.contains(TRUTH)).then(stripped.str.to_lowercase()).otherwise(values)
    whole = stripped.str.replace(WHOLE, "${1}${2}")
    zero = pl.when(whole == "-0").then(pl.lit("0")).otherwise(whole)
    exponent = pl.when(stripped.str.contains(HAS_EXPONENT)).then(stripped).cast(pl.Float64, strict=False)
    is_whole = (exponent == exponent.floor()) & (exponent.abs() < MAX_EXACT)
    integer = pl.when(is_whole).then(exponent).cast(pl.Int64).cast(pl.String)
    return pl.when(values.str.contains(NUMBER)).then(pl.coalesce(integer, zero)).otherwise(values)
