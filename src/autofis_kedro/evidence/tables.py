"""The evidence as tables: a row per interaction looked at, and a row per joint value of the kept ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from autofis_kedro.evidence.gathering import Evidence
from autofis_kedro.evidence.power import smallest_effect
from autofis_kedro.evidence.testing import Fields, threshold

CONFIRMED, NOT_CONFIRMED, CANNOT_BE_JUDGED = "confirmed", "not confirmed", "cannot be judged"
PROXY_OF = "proxy of "
BETWEEN = " x "
"""Between the fields of an interaction."""

TESTS: dict[str, Any] = {
    "interaction": pl.String,
    "fields": pl.List(pl.String),
    "order": pl.Int8,
    "z": pl.Float64,
    "p": pl.Float64,
    "p_corrected": pl.Float64,
    "gain_per_1000_rows": pl.Float64,
    "gain_se": pl.Float64,
    "verdict": pl.String,
    "share_alone": pl.Float64,
    "smallest_effect": pl.Float64,
}
"""Columns of ``table_of_tests``."""

JOINT: dict[str, Any] = {
    "interaction": pl.String,
    "fields": pl.List(pl.String),
    "values": pl.List(pl.String),
    "odds_ratio": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "rows": pl.Int64,
    "positives": pl.Int64,
    "expected": pl.Float64,
    "p_corrected": pl.Float64,
    "log_odds_shrunk": pl.Float64,
    "sentence": pl.String,
}
"""Columns of ``meanings``."""


def named(names: Sequence[str], fields: Fields) -> str:
    """An interaction by the names of its fields."""
    return BETWEEN.join(names[field] for field in fields)


def table_of_tests(evidence: Evidence) -> pl.DataFrame:
    """Every tuple tested in full, the confirmed ones first, then by p: the columns of ``TESTS``.

    z and p of a confirmed one are those beside all the others that are; of any other those of the tuple alone.
    share_alone is the share of the rows that have their joint value to themselves; smallest_effect the standard
    deviation of joint values' effects (on the logit) that would be confirmed in 8 of 10 such logs.
    """
    rows = []
    for choice in evidence.choices:
        limit = threshold(evidence.config.alpha, evidence.config.correction, choice.n_looked_at, 0)
        for fields, alone in choice.alone.items():
            score, gain = choice.kept.get(fields, alone), evidence.gains.get(fields)
            rows.append(
                {
                    "interaction": named(evidence.names, fields),
                    "fields": [evidence.names[field] for field in fields],
                    "order": len(fields),
                    "z": score.z,
                    "p": score.p,
                    "p_corrected": evidence.p_corrected[fields],
                    "gain_per_1000_rows": None if gain is None else gain.per_1000_rows,
                    "gain_se": None if gain is None else gain.standard_error,
                    "verdict": _verdict(evidence, fields),
                    "share_alone": alone.share_alone,
                    "smallest_effect": smallest_effect(alone, limit),
                }
            )
    is_confirmed = pl.col("verdict") == CONFIRMED
    by_z = -pl.col("z")
    return pl.DataFrame(rows, schema=TESTS).sort(~is_confirmed, "p", by_z, maintain_order=True)


def _verdict(evidence: Evidence, fields: Fields) -> str:
    for choice in evidence.choices:
        if fields in choice.kept:
            return CONFIRMED
        if fields in choice.proxy_of:
            return PROXY_OF + named(evidence.names, choice.proxy_of[fields])
        if fields in choice.alone and choice.alone[fields].share_alone > evidence.config.alone:
            return CANNOT_BE_JUDGED
    return NOT_CONFIRMED


def meanings(evidence: Evidence, values: Callable[[int, Sequence[int]], list[str]]) -> pl.DataFrame:
    """The joint values of the confirmed interactions that raise or lower the rate: the columns of ``JOINT``.

    Args:
        evidence: of a log.
        values: names of a field's values by their number (``Columns``).
    """
    tables = [_joint_values(evidence, fields, values) for fields in evidence.kept]
    return pl.concat([pl.DataFrame(schema=JOINT), *tables])


def _joint_values(
    evidence: Evidence, fields: Fields, values: Callable[[int, Sequence[int]], list[str]]
) -> pl.DataFrame:
    table = evidence.meanings[fields].table()
    by_field = [values(field, table[f"value_{place + 1}"].to_list()) for place, field in enumerate(fields)]
    names = [evidence.names[field] for field in fields]
    rows = [
        {
            "interaction": named(evidence.names, fields),
            "fields": names,
            "values": list(found),
            **{name: row[name] for name in JOINT if name in row},
            "sentence": sentence(names, found, row),
        }
        for found, row in zip(zip(*by_field, strict=True), table.iter_rows(named=True), strict=True)
    ]
    return pl.DataFrame(rows, schema=JOINT)


def sentence(names: Sequence[str], values: Sequence[str], row: Mapping[str, Any]) -> str:
    """What a joint value does, in words."""
    who = " with ".join(f"{name}={value}" for name, value in zip(names, values, strict=True))
    interval = f"({row['low']:.2g} to {row['high']:.2g})"
    beyond = "each alone suggests" if len(names) == 2 else "they suggest in pairs"
    return f"{who}: odds {row['odds_ratio']:.2g} times {interval} what {beyond}, {row['rows']:,} rows"
