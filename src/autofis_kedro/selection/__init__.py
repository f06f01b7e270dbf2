"""Selections of interactions and the ways to make them."""

from autofis_kedro.selection.from_evidence import by_evidence_and_gates
from autofis_kedro.selection.gates import Gates, from_gates
from autofis_kedro.selection.selection import (
    Draws,
    Interaction,
    Selection,
    SizeOnCurve,
    by_statistics_auc,
    joined,
    keep_all,
    random_selection,
    select,
)

__all__ = [
    "Draws",
    "Gates",
    "Interaction",
    "Selection",
    "SizeOnCurve",
    "by_evidence_and_gates",
    "by_statistics_auc",
    "from_gates",
    "joined",
    "keep_all",
    "random_selection",
    "select",
]
