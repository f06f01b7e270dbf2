"""How the evidence is gathered."""

from __future__ import annotations

from math import comb
from typing import Any, Literal

from pydantic import Field as Bounded
from pydantic import field_validator

from autofis_kedro.config import Options, Seed

FEWEST_ROWS = 20_000
"""That are read however many pairs there are."""


class EvidenceConfig(Options):
    """What is tested, and when an interaction is confirmed.

    Attributes:
        alpha: share of logs without any interaction in which one is confirmed all the same (family-wise).
        correction: ``bonferroni`` compares p with alpha / P for P tuples of an order; ``holm`` with alpha over the
            tuples that are not yet kept.
        orders: 2 are pairs; 3 adds triples, over a base with the kept pairs. A number, as a command line can say it, is
            the highest.
        max_rows: of the train rows; a uniform sample of them where there are more.
        max_pair_rows: rows times pairs; where they are more, fewer rows are read, down to 20,000: 1e9 take two to three
            minutes of one core.
        max_gains: tuples whose gain is measured where more are tested: the confirmed, their proxies, and those of the
            smallest p.
        max_kept: interactions that are kept at most; the strongest of those that pass.
        folds: of the out-of-fold gain.
        alone: share of the rows with a joint value of their own above which a tuple that the test does not confirm
            "cannot be judged" by joint values.
        max_triples: triples that are tested in full; where there are more, those that a screen over fewer rows puts
            first.
        threads: fields that are worked on at the same time.
        seed: of samples, folds and draws.
    """

    alpha: float = Bounded(default=0.01, gt=0, lt=1)
    correction: Literal["bonferroni", "holm"] = "bonferroni"
    orders: tuple[int, ...] = (2,)
    max_rows: int = Bounded(default=1_000_000, ge=100)
    max_pair_rows: float = Bounded(default=1e9, ge=1e6)
    max_gains: int = Bounded(default=1000, ge=1)
    max_kept: int = Bounded(default=60, ge=1)
    folds: int = Bounded(default=5, ge=2, le=20)
    alone: float = Bounded(default=0.5, gt=0, le=1)
    max_triples: int = Bounded(default=400, ge=1)
    threads: int = Bounded(default=2, ge=1, le=1024)
    seed: Seed = 0

    def rows_to_read(self, n_fields: int) -> int:
        """How many rows at most, of a log of so many fields."""
        return min(self.max_rows, max(FEWEST_ROWS, int(self.max_pair_rows / max(comb(n_fields, 2), 1))))

    @field_validator("orders", mode="before")
    @classmethod
    def _up_to_the_highest(cls, given: Any) -> Any:
        return {2: (2,), 3: (2, 3)}.get(given, (given,)) if isinstance(given, int) else given

    @field_validator("orders")
    @classmethod
    def _are_orders(cls, given: tuple[int, ...]) -> tuple[int, ...]:
        if given not in ((2,), (2, 3)):
            raise ValueError(f"orders are 2 (pairs) or 3 (pairs, and triples beside the kept ones), not {list(given)}")
        return given
