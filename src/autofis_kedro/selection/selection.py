"""Which interactions are kept: the artifact that search, random choice and statistics all end in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from pydantic import Field as Bounded

from autofis_kedro.config import Frozen
from autofis_kedro.data.schema import Schema
from autofis_kedro.errors import UserError


class Interaction(Frozen, allow_inf_nan=False):
    """A combination of fields by name, and its alpha where a search gave one."""

    fields: tuple[str, ...]
    alpha: float | None = None


class SizeOnCurve(Frozen, allow_inf_nan=False):
    """Validation log loss of a model that keeps this many interactions.

    Attributes:
        size: interactions kept.
        log_loss: mean over the validation rows.
        difference: mean per-row log loss minus that of the best size; >= 0 up to rounding.
        standard_error: of that paired difference.
    """

    size: int
    log_loss: float
    difference: float
    standard_error: float


class Selection(Frozen):
    """Kept interactions, most important first.

    Attributes:
        dataset: for people.
        schema_fingerprint: of the schema that the selection was made for.
        rule: how it was made.
        candidates: number of interactions that there were to choose from.
        interactions: the kept ones.
        curve: accuracy against size where the rule measured it.
        notes: what a reader must know of the gates behind it.
    """

    dataset: str
    schema_fingerprint: str
    rule: str
    candidates: int
    interactions: tuple[Interaction, ...]
    curve: tuple[SizeOnCurve, ...] = Bounded(default=())
    notes: tuple[str, ...] = ()

    def of_order(self, order: int, schema: Schema) -> tuple[tuple[int, ...], ...]:
        """The kept interactions of an order as field positions, in lexicographic order.

        Raises:
            UserError: the selection was made for another schema, or names a field that the schema lacks.
        """
        found = self._alpha_by_position(schema)
        if schema.fingerprint != self.schema_fingerprint:
            raise UserError(
                f"selection of '{self.dataset}' was made for schema {self.schema_fingerprint}, the data have "
                f"{schema.fingerprint}: search again on these data, or encode them with the same vocabularies"
            )
        return tuple(sorted(positions for positions in found if len(positions) == order))

    def alpha_of(self, order: int, schema: Schema) -> list[float] | None:
        """Alpha of each kept interaction in the order of ``of_order``; None if any has none."""
        alpha = self._alpha_by_position(schema)
        alphas = [alpha[positions] for positions in self.of_order(order, schema)]
        known = [value for value in alphas if value is not None]
        return known if len(known) == len(alphas) else None

    def count(self, order: int) -> int:
        """Number of kept interactions of an order."""
        return sum(len(kept.fields) == order for kept in self.interactions)

    def _alpha_by_position(self, schema: Schema) -> dict[tuple[int, ...], float | None]:
        return {tuple(sorted(map(schema.position, kept.fields))): kept.alpha for kept in self.interactions}


class Draws(Frozen):
    """Several selections of the same size."""

    selections: tuple[Selection, ...]


def select(
    schema: Schema,
    pairs: Sequence[tuple[int, ...]],
    rule: str,
    alphas: Sequence[float] | None = None,
    curve: Sequence[SizeOnCurve] = (),
    order: int = 2,
) -> Selection:
    """A selection from field positions, in the given order."""
    names = schema.names
    values: Sequence[float | None] = alphas if alphas is not None else [None] * len(pairs)
    kept = tuple(
        Interaction(fields=tuple(names[i] for i in pair), alpha=alpha)
        for pair, alpha in zip(pairs, values, strict=True)
    )
    return Selection(
        dataset=schema.dataset,
        schema_fingerprint=schema.fingerprint,
        rule=rule,
        candidates=len(schema.tuples(order)),
        interactions=kept,
        curve=tuple(curve),
    )


def keep_all(schema: Schema, order: int = 2) -> Selection:
    """Every pair, as FM has it; with order 3 every triple, too."""
    pairs = select(schema, schema.tuples(2), "keep_all")
    if order == 2:
        return pairs
    triples = select(schema, schema.tuples(3), "keep_all", order=3)
    return joined(pairs, triples, "keep_all")


def joined(pairs: Selection, triples: Selection, rule: str) -> Selection:
    """The interactions of both, pairs first."""
    return triples.model_copy(
        update={
            "rule": rule,
            "candidates": pairs.candidates + triples.candidates,
            "interactions": pairs.interactions + triples.interactions,
        }
    )


def random_selection(schema: Schema, size: int, seed: int) -> Selection:
    """``size`` pairs drawn without replacement: the paper's Random+FM (Table 6).

    Raises:
        UserError: more pairs asked for than there are, or none.
    """
    candidates = schema.tuples(2)
    if not 1 <= size <= len(candidates):
        raise UserError(f"random selection of {size} pairs: data set '{schema.dataset}' allows 1..{len(candidates)}")
    drawn = np.random.default_rng(seed).choice(len(candidates), size=size, replace=False)
    return select(schema, [candidates[i] for i in sorted(drawn)], f"random(size={size}, seed={seed})")


def by_statistics_auc(schema: Schema, ranked: pl.DataFrame, size: int) -> Selection:
    """The ``size`` pairs with the highest statistics_AUC (paper sec. 4.5, Table 5).

    Args:
        schema: of the data set.
        ranked: field_1, field_2, rank: what ``analysis.statistics_auc`` gives on validation rows.
        size: pairs to keep.

    Raises:
        UserError: more pairs asked for than are ranked, or none.
    """
    if not 1 <= size <= len(ranked):
        raise UserError(f"selection of {size} pairs by statistics_AUC: 1..{len(ranked)} are ranked")
    best = ranked.sort("rank").head(size).select("field_1", "field_2").rows()
    return select(schema, [tuple(map(schema.position, pair)) for pair in best], f"statistics_AUC(size={size})")
