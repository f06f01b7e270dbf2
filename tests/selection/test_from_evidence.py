"""Confirmed pairs, and what only gates can judge, in the order of the gates."""

from __future__ import annotations

import numpy as np
import polars as pl

from autofis_kedro.data.schema import Field, Schema
from autofis_kedro.selection import Gates, by_evidence_and_gates, select

SCHEMA = Schema(dataset="d", fields=tuple(Field(name=n, kind="categorical", size=5) for n in "abcd"))
PAIRS = SCHEMA.tuples(2)
VERDICTS = {
    ("a", "b"): "confirmed",
    ("a", "c"): "proxy of a x b",
    ("a", "d"): "cannot be judged",
    ("b", "c"): "cannot be judged",
    ("b", "d"): "not confirmed",
    ("d", "c"): "confirmed",  # fields in any order
}


def test_confirmed_pairs_stay_and_unjudged_ones_only_if_the_gates_keep_them() -> None:
    tests = pl.DataFrame({"fields": [list(f) for f in VERDICTS], "order": 2, "verdict": list(VERDICTS.values())})
    alpha = np.array([0.1, 0.9, 0.5, 0.4, 0.8, 0.0])
    gates = Gates(alpha, alpha, PAIRS)
    found = by_evidence_and_gates(SCHEMA, tests, gates, select(SCHEMA, [(0, 1), (0, 2), (0, 3)], "search"))
    assert [kept.fields for kept in found.interactions] == [("a", "d"), ("a", "b"), ("c", "d")]
    assert [kept.alpha for kept in found.interactions] == [0.5, 0.1, 0.0]
