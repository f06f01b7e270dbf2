"""Searched gates and the selections that follow from them alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from autofis_kedro.data.schema import Schema
from autofis_kedro.errors import UserError
from autofis_kedro.selection.selection import Selection, SizeOnCurve, select


@dataclass(frozen=True)
class Gates:
    """Gates of all pairs at the end of a search.

    Attributes:
        alpha_P: exactly 0 where a gate is closed.
        dual_P: GRDA's dual: alpha plus the threshold, so that it ranks closed gates, too.
    """

    alpha_P: NDArray[np.float64]
    dual_P: NDArray[np.float64]

    def ranking(self) -> NDArray[np.int64]:
        """Pairs from the largest |alpha| to the smallest; closed gates follow by how near they are to opening."""
        return np.lexsort((-np.abs(self.dual_P), -np.abs(self.alpha_P)))

    def frame(self, schema: Schema) -> pl.DataFrame:
        """A table of every pair: field_1, field_2, alpha, dual, rank (1 is the most important)."""
        pairs = schema.tuples(2)
        rank = np.empty(len(pairs), dtype=np.int32)
        rank[self.ranking()] = np.arange(1, len(pairs) + 1)
        return pl.DataFrame(
            {
                "field_1": [schema.names[i] for i, _ in pairs],
                "field_2": [schema.names[j] for _, j in pairs],
                "alpha": self.alpha_P,
                "dual": self.dual_P,
                "rank": rank,
            }
        )

    @classmethod
    def from_frame(cls, frame: pl.DataFrame, schema: Schema) -> Gates:
        """Gates out of the table that ``frame`` makes, in whatever row order.

        Raises:
            UserError: the table's pairs are not those of the schema.
        """
        order = {(schema.names[i], schema.names[j]): place for place, (i, j) in enumerate(schema.tuples(2))}
        found = list(zip(frame["field_1"], frame["field_2"], strict=True))
        if set(found) != set(order) or len(found) != len(order):
            odd = sorted(set(found) ^ set(order))[:3]
            raise UserError(f"gates do not fit data set '{schema.dataset}', for example {odd}: run the search again")
        places = np.argsort([order[pair] for pair in found])
        return cls(frame["alpha"].to_numpy()[places], frame["dual"].to_numpy()[places])


def from_gates(gates: Gates, schema: Schema, size: int, rule: str, curve: tuple[SizeOnCurve, ...] = ()) -> Selection:
    """The ``size`` most important pairs.

    Raises:
        UserError: size outside 1..number of pairs.
    """
    pairs = schema.tuples(2)
    if not 1 <= size <= len(pairs):
        raise UserError(f"{rule}: {size} pairs asked for, data set '{schema.dataset}' allows 1..{len(pairs)}")
    kept = gates.ranking()[:size]
    return select(schema, [pairs[i] for i in kept], rule, [float(gates.alpha_P[i]) for i in kept], curve)


def n_open(gates: Gates) -> int:
    """Number of open gates: the paper's rule keeps these.

    Raises:
        UserError: all gates are closed.
    """
    count = int(np.count_nonzero(gates.alpha_P))
    if count == 0:
        raise UserError(
            f"all {len(gates.alpha_P)} gates closed: lower search.final_threshold (or c) or use the size ladder, "
            "which ranks closed gates too (extraction.rule: ladder)"
        )
    return count
