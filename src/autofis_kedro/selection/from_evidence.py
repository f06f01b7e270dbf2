"""Selections that rest on the evidence: what is confirmed, and what joint values cannot judge but the gates keep."""

from __future__ import annotations

import polars as pl

from autofis_kedro.data.schema import Schema
from autofis_kedro.selection.gates import Gates
from autofis_kedro.selection.selection import Selection, select


def by_evidence_and_gates(schema: Schema, tests: pl.DataFrame, gates: Gates, searched: Selection) -> Selection:
    """The confirmed pairs, and those of the search that joint values cannot judge, in the order of the gates.

    A pair whose joint values occur once each (user x item) has no evidence of the first kind; a product of embeddings
    may all the same be worth most there, which is what gates are for.

    Args:
        schema: of the data set.
        tests: columns fields, order and verdict, a row per interaction (``evidence.tables``).
        gates: of all pairs.
        searched: what the search keeps.
    """
    pairs = tests.filter(pl.col("order") == 2)
    by_verdict = {
        verdict: {_positions(schema, fields) for fields in pairs.filter(pl.col("verdict") == verdict)["fields"]}
        for verdict in ("confirmed", "cannot be judged")
    }
    kept_by_gates = {_positions(schema, found.fields) for found in searched.interactions}
    wanted = by_verdict["confirmed"] | (by_verdict["cannot be judged"] & kept_by_gates)
    ranked = [place for place in gates.ranking() if gates.tuples[place] in wanted]
    alphas = [float(gates.alpha_P[place]) for place in ranked]
    return select(schema, [gates.tuples[place] for place in ranked], "evidence+gates", alphas)


def _positions(schema: Schema, fields: list[str] | tuple[str, ...]) -> tuple[int, ...]:
    return tuple(sorted(map(schema.position, fields)))
