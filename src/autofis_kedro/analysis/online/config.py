"""What is asked of a simulated market and of a latency measurement."""

from __future__ import annotations

from pydantic import Field as Bounded
from pydantic import model_validator

from autofis_kedro.config import Options, Seed


class ExperimentConfig(Options):
    """A simulated A/A - A/B - A/A experiment (the paper's days, sec. 4.6).

    Attributes:
        candidates: items to rank per request. The paper's "hundreds" would leave nothing to tell in the synthetic
            problem, where every second row is clicked: with 500 the best ten are sure clicks for any model.
        slots: items shown, those of the highest scores.
        users_per_day: users of both groups together, drawn anew every day; each is in either group with the
            probability one half.
        requests_per_day: of both groups together; each comes from one of the day's users, with equal probability.
        user_fields: names of the fields that are the same for all candidates of a request, the user's; the others are
            the item's. None is the first half of the fields.
        days_before: A/A days before the test.
        days_test: A/B days.
        days_after: A/A days after the test.
        confidence: of the intervals.
        seed: of users, candidates and clicks.
    """

    candidates: int = Bounded(default=100, ge=2)
    slots: int = Bounded(default=10, ge=1)
    users_per_day: int = Bounded(default=4_000, ge=4)
    requests_per_day: int = Bounded(default=8_000, ge=4)
    user_fields: tuple[str, ...] | None = None
    days_before: int = Bounded(default=7, ge=1)
    days_test: int = Bounded(default=10, ge=1)
    days_after: int = Bounded(default=7, ge=1)
    confidence: float = Bounded(default=0.95, gt=0, lt=1)
    seed: Seed = 0

    @model_validator(mode="after")
    def _something_is_left_out(self) -> ExperimentConfig:
        if self.slots >= self.candidates:
            raise ValueError(
                f"slots {self.slots} must be fewer than candidates {self.candidates}: else no ranking matters"
            )
        return self


class LatencyConfig(Options):
    """How ranking is timed.

    Attributes:
        candidates: rows per request; the paper's "hundreds".
        requests: measured requests per model.
        warm_up: requests per model before that, not measured.
        seed: of the rows and of the order in which the models take turns.
    """

    candidates: int = Bounded(default=500, ge=1)
    requests: int = Bounded(default=1_000, ge=2)
    warm_up: int = Bounded(default=50, ge=0)
    seed: Seed = 0
