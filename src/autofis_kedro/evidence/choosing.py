"""Which interactions are kept: the strongest first, the others tested again beside it, until none passes.

A pair with a noisy copy of a planted field passes on its own and no longer beside the true pair: it is a proxy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from autofis_kedro.evidence.base import Base, Term, cross, fit_base, terms_of
from autofis_kedro.evidence.columns import Columns
from autofis_kedro.evidence.config import EvidenceConfig
from autofis_kedro.evidence.score import Score
from autofis_kedro.evidence.testing import Fields, ScoreTester, threshold


@dataclass
class Choice:
    """What was tested and what is kept.

    Attributes:
        base: with the kept crosses.
        alone: the test of every tuple over the base that the choice began with.
        n_looked_at: how many p is corrected for: those tested, and those that a screen left out.
        kept: in the order in which they were added; each with its last test, beside all the others kept.
        proxy_of: tuples that passed alone and no longer beside a kept one: which.
        is_cut: more passed than ``max_kept``.
    """

    base: Base
    alone: dict[Fields, Score]
    n_looked_at: int
    kept: dict[Fields, Score] = field(default_factory=dict)
    proxy_of: dict[Fields, Fields] = field(default_factory=dict)
    is_cut: bool = False


def choose(
    columns: Columns,
    base: Base,
    tuples: Sequence[Fields],
    config: EvidenceConfig,
    already: Sequence[Fields] = (),
    advance: Callable[[], None] = lambda: None,
    n_unscreened: int = 0,
) -> Choice:
    """Forward with re-tests, then backward.

    Args:
        columns: the rows.
        base: additive in the fields and ``already``.
        tuples: of one order, all that are tested in full.
        config: alpha and its correction.
        already: crosses that the base has.
        advance: called once for each tuple tested the first time.
        n_unscreened: tuples that a screen over the same rows left out. They count, too: the best of 9,139 is no less
            lucky where only 400 are tested a second time.
    """

    def tester(over: Base, done: Callable[[], None] = lambda: None) -> ScoreTester:
        return ScoreTester(columns, over, config.threads, config.seed, done)

    def limit() -> float:
        return threshold(config.alpha, config.correction, choice.n_looked_at, len(choice.kept))

    choice = Choice(base, tester(base, advance).scores(tuples), len(tuples) + n_unscreened)
    left = {fields: score for fields, score in choice.alone.items() if score.p < limit()}
    terms = terms_of(columns, already)
    crosses: dict[Fields, Term] = {}
    while left and len(choice.kept) < config.max_kept:
        best = min(left, key=lambda fields: (left[fields].p, -left[fields].z))
        choice.kept[best] = left.pop(best)
        crosses[best] = cross(columns, best)
        choice.base = fit_base([*terms, *crosses.values()], columns.labels_N, choice.base)
        again = tester(choice.base).scores(list(left))
        choice.proxy_of |= {fields: best for fields, score in again.items() if score.p >= limit()}
        left = {fields: score for fields, score in again.items() if score.p < limit()}
    choice.is_cut = bool(left)
    _backward(choice, columns, terms, crosses, base, limit, tester)
    return choice


def _backward(
    choice: Choice,
    columns: Columns,
    terms: Sequence[Term],
    crosses: dict[Fields, Term],
    start: Base,
    limit: Callable[[], float],
    tester: Callable[[Base], ScoreTester],
) -> None:
    """Test every kept one beside all the others; the weakest that no longer passes goes, until all pass."""
    while choice.kept:
        for place, fields in enumerate(choice.kept, len(terms)):
            others = [term for other, term in crosses.items() if other != fields]
            begin = choice.base.without(place)  # nearer than the base that the choice began with
            without = fit_base([*terms, *others], columns.labels_N, begin) if others else start
            choice.kept[fields] = tester(without).scores([fields])[fields]
        weakest = max(choice.kept, key=lambda fields: (choice.kept[fields].p, -choice.kept[fields].z))
        if choice.kept[weakest].p < limit():
            return
        del choice.kept[weakest], crosses[weakest]
        strongest = min(choice.kept, key=lambda fields: choice.kept[fields].p, default=None)
        if strongest is not None:
            choice.proxy_of[weakest] = strongest
        choice.base = fit_base([*terms, *crosses.values()], columns.labels_N, start) if crosses else start
