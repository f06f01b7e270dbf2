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
    """Gates of all candidates of one order at the end of a search.

    Attributes:
        alpha_P: exactly 0 where a gate is closed.
        dual_P: GRDA's dual: alpha plus the threshold, so that it ranks closed gates, too.
        tuples: positions of the fields of each candidate, ascending.
    """

    alpha_P: NDArray[np.float64]
    dual_P: NDArray[np.float64]
    tuples: tuple[tuple[int, ...], ...]

    @property
    def order(self) -> int:
        """Fields in a candidate."""
        return len(self.tuples[0])

    def ranking(self) -> NDArray[np.int64]:
        """Candidates from the largest |alpha| to the smallest; closed gates follow by how near they are to opening."""
        return np.lexsort((-np.abs(self.dual_P), -np.abs(self.alpha_P)))

    def frame(self, schema: Schema) -> pl.DataFrame:
        """A table of every candidate: field_1, field_2 (, field_3), alpha, dual, rank (1 is the most important)."""
        rank = np.empty(len(self.tuples), dtype=np.int32)
        rank[self.ranking()] = np.arange(1, len(self.tuples) + 1)
        fields = {
            f"field_{place + 1}": [schema.names[positions[place]] for positions in self.tuples]
            for place in range(self.order)
        }
        return pl.DataFrame(fields | {"alpha": self.alpha_P, "dual": self.dual_P, "rank": rank})

    @classmethod
    def from_frame(cls, frame: pl.DataFrame, schema: Schema) -> Gates:
        """Gates out of the table that ``frame`` makes, in whatever row order.

        Raises:
            UserError: the table's candidates are not those of the schema.
        """
        columns = field_columns(frame)
        numbers = (
            frame.select(pl.col("alpha", "dual").cast(pl.Float64)) if {"alpha", "dual"} <= set(frame.columns) else None
        )
        if numbers is None or not numbers.select(pl.all().is_finite().all()).row(0) == (True, True):
            raise UserError(f"gates of data set '{schema.dataset}' have no finite alpha and dual: run the search again")
        order = {tuple(schema.names[i] for i in found): found for found in schema.tuples(len(columns))}
        found = list(frame.select(columns).iter_rows())
        if set(found) != set(order) or len(found) != len(order):
            odd = sorted(set(found) ^ set(order))[:3]
            raise UserError(f"gates do not fit data set '{schema.dataset}', for example {odd}: run the search again")
        places = sorted(range(len(found)), key=lambda place: order[found[place]])
        return cls(frame["alpha"].to_numpy()[places], frame["dual"].to_numpy()[places], tuple(order.values()))


def field_columns(frame: pl.DataFrame) -> list[str]:
    """The columns of a table of interactions that name their fields."""
    return [name for name in frame.columns if name.startswith("field_")]


def from_gates(gates: Gates, schema: Schema, size: int, rule: str, curve: tuple[SizeOnCurve, ...] = ()) -> Selection:
    """The ``size`` most important candidates; of triples, which stand beside pairs, it may be none.

    Raises:
        UserError: size outside 1..number of candidates.
    """
    what, least = ("pairs", 1) if gates.order == 2 else ("triples", 0)
    if not least <= size <= len(gates.tuples):
        allowed = f"data set '{schema.dataset}' allows {least}..{len(gates.tuples)}"
        raise UserError(f"{rule}: {size} {what} asked for, {allowed}")
    kept = gates.ranking()[:size]
    alphas = [float(gates.alpha_P[i]) for i in kept]
    return select(schema, [gates.tuples[i] for i in kept], rule, alphas, curve, order=gates.order)


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
