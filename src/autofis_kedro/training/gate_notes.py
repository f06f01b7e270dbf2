"""What a reader of kept interactions must know of their gates: closed ones, barely open ones, a search too short."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autofis_kedro.models.initial import ALPHA_SPREAD
from autofis_kedro.selection.gates import Gates

BARELY_OPEN = ALPHA_SPREAD
"""Gates that are open by less differ by less than they did before the search."""
WEAK = 0.2
"""Share of alpha's initial value: of 15 searches of planted pairs that ended with no |alpha| above it, 14 had others in
front (4 to 320 steps); of 18 that ended with one above 0.8 of it (64 to 960 steps), none."""


def gate_notes(
    gates: Gates, size: int, *, is_given: bool, starts_at: float = 0.6, steps: int | None = None
) -> tuple[str, ...]:
    """Sentences about the ``size`` foremost gates; none where all are open and told apart.

    Args:
        gates: of all candidates at the end of the search.
        size: how many are kept.
        is_given: whether somebody asked for that many.
        starts_at: alpha before the search.
        steps: of the search, where they are known.
    """
    magnitude_P = np.abs(gates.alpha_P[gates.ranking()])
    notes = (
        _too_short(magnitude_P, starts_at, steps),
        _closed(magnitude_P, size, is_given),
        _barely(magnitude_P[:size]),
    )
    return tuple(note for note in notes if note is not None and size > 0)


def _too_short(magnitude_P: NDArray[np.float64], starts_at: float, steps: int | None) -> str | None:
    largest = float(magnitude_P[0])
    if largest >= WEAK * starts_at or len(magnitude_P) == 1:
        return None
    found = f"the largest |alpha| is {largest:.2g}" if largest else f"all {len(magnitude_P):,} gates are closed"
    taken = f" {steps:,} step{'s' * (steps > 1)} of" if steps else ""
    return (
        f"after{taken} search {found}, and gates start at {starts_at:g}: which ones come first is largely chance. More "
        "steps (search.epochs, a smaller batch_size) or a higher learning_rate tell gates apart, and --pipeline "
        "stability how far to trust them"
    )


def _closed(magnitude_P: NDArray[np.float64], size: int, is_given: bool) -> str | None:
    n_open = int(np.count_nonzero(magnitude_P))
    if size <= n_open:
        return None
    why = "more were asked for" if is_given else "the validation rows ask for more"
    return (
        f"{size - n_open:,} of {size:,} kept gates are closed (alpha 0): the search left {n_open:,} open, and {why}; "
        "of closed ones the nearest to opening come first"
    )


def _barely(kept_P: NDArray[np.float64]) -> str | None:
    n_barely = int(((kept_P > 0) & (kept_P < BARELY_OPEN)).sum())
    if not n_barely:
        return None
    return (
        f"{n_barely:,} of {len(kept_P):,} kept gates are barely open: |alpha| is below {BARELY_OPEN:g}, and by as much "
        "gates differ before the search"
    )
