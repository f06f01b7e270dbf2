"""How many values of each field a model knows, and whether rows to predict hold far more that it does not.

A value is that of a cell; of a multi-hot cell every value is one, and an empty cell is one that is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from scipy import stats

from autofis_kedro.config import Frozen
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import MISSING, UNSEEN, Schema

ERROR = 1e-3
"""Probability that rows like the test rows give a warning in any of their fields."""
FACTOR = 2.0
"""A share is far above another where its odds are this many times as large, beyond chance."""


class FieldCoverage(Frozen):
    """What the values of one field are.

    Attributes:
        values: all of them.
        missing: those that are none.
        unseen: those that the train rows do not hold; a numeric field has none.
    """

    values: int = 0
    missing: int = 0
    unseen: int = 0

    def __add__(self, other: FieldCoverage) -> FieldCoverage:
        return FieldCoverage(
            values=self.values + other.values, missing=self.missing + other.missing, unseen=self.unseen + other.unseen
        )

    def count(self, what: Unknown) -> int:
        """How many are of a kind."""
        return self.unseen if what == "unseen" else self.missing

    def share(self, what: Unknown) -> float:
        """Share of the values that are of a kind; 0 where there are none."""
        return self.count(what) / self.values if self.values else 0.0


Unknown = Literal["unseen", "missing"]
Coverage = Mapping[str, FieldCoverage]
"""By field, in schema order."""


class Surprise(Frozen):
    """A field of which rows to predict hold far more unseen or missing values than the test rows did.

    Attributes:
        field: its name.
        what: of which kind.
        here: in the rows to predict.
        test: in the test rows.
    """

    field: str
    what: Unknown
    here: FieldCoverage
    test: FieldCoverage


class ScoringReport(Frozen):
    """What rows to predict hold.

    Attributes:
        rows: how many were scored.
        coverage: of their values.
        test: of the values of the test rows; None where the model was bundled by a release that did not keep it.
    """

    rows: int
    coverage: Coverage
    test: Coverage | None = None

    def surprises(self) -> list[Surprise]:
        """Fields of which far more is unseen, or missing, than in the test rows.

        Far more: the odds are ``FACTOR`` times as large, and so many would come about with a probability of less than
        ``ERROR`` over all fields if the share were the largest that the test rows leave possible (Clopper and Pearson).
        """
        if self.test is None:
            return []
        level = ERROR / (4 * max(1, len(self.coverage)))  # two kinds of unknown, two bounds
        return [
            Surprise(field=name, what=what, here=here, test=self.test[name])
            for name, here in self.coverage.items()
            for what in ("unseen", "missing")
            if name in self.test and _is_far_above(here, self.test[name], what, level)
        ]


def coverage_of(examples: Examples, schema: Schema) -> Coverage | None:
    """What the values of encoded rows are; None where nobody counted."""
    if not set(schema.names) <= set(examples.special):
        return None
    found = {}
    for position, name in enumerate(schema.names):
        bag = examples.bags.get(position)
        counts = examples.special[name]
        values = examples.n_rows if bag is None else len(bag.values)
        found[name] = FieldCoverage(values=values, missing=counts[MISSING], unseen=counts[UNSEEN])
    return found


def added(first: Coverage, second: Coverage) -> Coverage:
    """Of both rows together."""
    return {name: first.get(name, FieldCoverage()) + more for name, more in second.items()}


def _is_far_above(here: FieldCoverage, test: FieldCoverage, what: Unknown, level: float) -> bool:
    count, before = here.count(what), test.count(what)
    if not count or not test.values:
        return False
    known, known_before = here.values - count, test.values - before
    if count * known_before < FACTOR * before * known:
        return False
    largest = float(stats.beta.ppf(1 - level, before + 1, known_before)) if known_before else 1.0
    return float(stats.binom.sf(count - 1, here.values, largest)) < level
