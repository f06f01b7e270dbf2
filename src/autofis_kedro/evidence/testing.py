"""The score test of many tuples over one base.

Shapes: N rows, C cells.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from autofis_kedro.evidence.base import Base, cross
from autofis_kedro.evidence.cells import Cells, Margin, Ordered, add_up
from autofis_kedro.evidence.columns import Columns, Float, Int32
from autofis_kedro.evidence.kernels import score_test
from autofis_kedro.evidence.score import Score

Fields = tuple[int, ...]


@dataclass(frozen=True)
class ScoreTester:
    """Tests tuples of fields over a base.

    Attributes:
        columns: the rows.
        base: fitted on them; its first terms are the fields.
        threads: tuples that are worked on at the same time.
        seed: of the draws.
        advance: called once for each tuple done.
    """

    columns: Columns
    base: Base
    threads: int = 1
    seed: int = 0
    advance: Callable[[], None] = lambda: None

    def scores(self, tuples: Sequence[Fields]) -> dict[Fields, Score]:
        """The test of each pair or triple."""
        by_outer: defaultdict[Fields, list[Fields]] = defaultdict(list)
        for fields in tuples:
            by_outer[outer_of(fields, self.columns.sizes)].append(fields)
        found: dict[Fields, Score] = {}
        with ThreadPoolExecutor(self.threads) as threads:
            for scores in threads.map(lambda item: dict(self._of_outer(*item)), by_outer.items()):
                found |= scores
        return {fields: found[fields] for fields in tuples}

    def cells(self, fields: Fields) -> Cells:
        """Cells of one tuple."""
        outer = outer_of(fields, self.columns.sizes)
        return self._cells(fields, outer, *self._ordered(outer))

    def _of_outer(self, outer: Fields, tuples: Sequence[Fields]) -> Iterator[tuple[Fields, Score]]:
        ordered, id_N = self._ordered(outer)
        for fields in tuples:
            yield fields, score_test(self._cells(fields, outer, ordered, id_N), self.seed)
            self.advance()

    def _ordered(self, outer: Fields) -> tuple[Ordered, Int32]:
        term = cross(self.columns, outer)
        return Ordered.by(term.id_N, term.size, self.base.p_N, self.columns.labels_N), term.id_N

    def _cells(self, fields: Fields, outer: Fields, ordered: Ordered, outer_N: Int32) -> Cells:
        (inner,) = set(fields) - set(outer)
        raw = add_up(ordered, self.columns.values_F[inner], self.columns.sizes[inner])
        ids = values_of(self.columns, outer, inner, outer_N, len(ordered.start) - 1, raw.outer_C, raw.inner_C)
        margins = margins_of(raw.outer_C, ids, self.columns.sizes[inner])
        dependence = raw.dependence if len(fields) == 2 else 1.0
        return Cells(raw.sums_C7, margins, raw.share_alone, dependence, self._leverage((*outer, inner), ids))

    def _leverage(self, fields: Fields, ids: Sequence[Int32]) -> Float:
        one_F = [1.0 / (self.base.curvatures[field] + self.base.ridges[field]) for field in fields]
        total: Float = np.sum([one_V[id_C] for one_V, id_C in zip(one_F, ids, strict=True)], axis=0)
        return total


def outer_of(fields: Fields, sizes: Sequence[int]) -> Fields:
    """The side of a tuple that rows are sorted by: the larger field of a pair, the two larger ones of a triple."""
    smallest = min(fields, key=lambda field: (sizes[field], field))
    return tuple(field for field in fields if field != smallest)


def values_of(
    columns: Columns, outer: Fields, inner: int, outer_N: Int32, n_outer: int, outer_C: Int32, inner_C: Int32
) -> tuple[Int32, ...]:
    """Each cell's value of each field, the outer ones first."""
    if len(outer) == 1:
        return outer_C, inner_C
    singles = []
    for field in outer:
        value_A = np.zeros(n_outer, dtype=np.int32)
        value_A[outer_N] = columns.values_F[field]
        singles.append(value_A[outer_C])
    return (*singles, inner_C)


def margins_of(outer_C: Int32, ids: Sequence[Int32], n_inner: int) -> tuple[Margin, ...]:
    """The fields of a pair's cells; the three pairs of a triple's."""
    *others, inner_C = ids
    if len(others) == 1:
        found = [outer_C, inner_C]
    else:
        found = [outer_C, *(one_C.astype(np.int64) * n_inner + inner_C for one_C in others)]
    numbered = [np.unique(id_C, return_inverse=True)[1].astype(np.int32) for id_C in found]
    return tuple(Margin(id_C, int(id_C.max(initial=-1)) + 1) for id_C in numbered)


def threshold(alpha: float, correction: str, n_tuples: int, n_kept: int) -> float:
    """What an uncorrected p must stay below."""
    return alpha / max(n_tuples - (n_kept if correction == "holm" else 0), 1)


def corrected(scores: Mapping[Fields, Score], correction: str, n_tuples: int) -> dict[Fields, float]:
    """p corrected for the number of tuples looked at, at least those with scores: Bonferroni, or Holm's step-down."""
    running, found = 0.0, {}
    for place, (fields, score) in enumerate(sorted(scores.items(), key=lambda item: item[1].p)):
        times = n_tuples - place if correction == "holm" else n_tuples
        running = max(running, min(1.0, score.p * times))
        found[fields] = running
    return found
