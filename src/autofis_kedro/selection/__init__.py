"""Selections of interactions and the ways to make them."""

from autofis_kedro.selection.gates import Gates, from_gates
from autofis_kedro.selection.selection import (
    Interaction,
    Selection,
    SizeOnCurve,
    joined,
    keep_all,
    random_selection,
    select,
)

__all__ = [
    "Gates",
    "Interaction",
    "Selection",
    "SizeOnCurve",
    "from_gates",
    "joined",
    "keep_all",
    "random_selection",
    "select",
]
