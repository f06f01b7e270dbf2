"""The columns that are ours in a frame that also holds the user's; no file may have one that begins as these do.

A user's column keeps its own name in every frame, whatever it is, and is never taken for one of ours.
"""

from __future__ import annotations

PREFIX = "autofis:"

ROW = f"{PREFIX}row"
"""A row's number, from 0."""
LABEL = f"{PREFIX}label"
"""0 or 1."""
SPLIT = f"{PREFIX}split"
"""train, valid or test, where they are given."""
ORDER = f"{PREFIX}order"
"""What a split by time compares."""
PROBLEM = f"{PREFIX}problem"
"""What is wrong in a row, as a number."""
EXTRA = f"{PREFIX}extra"
"""What lies beyond the last column of a text file."""
KEY = f"{PREFIX}key:"
"""Before the names of columns that are carried along, which may be fields, too."""


def refusal(name: str) -> str | None:
    """Why a column cannot have this name, or None where it can.

    polars takes ``*`` for all columns and what stands between ^ and $ for a pattern.
    """
    if name.startswith(PREFIX):
        return f"names that begin with {PREFIX} are this program's own"
    if name == "*" or (name.startswith("^") and name.endswith("$")):
        return "a star, and what stands between ^ and $, would be read as a pattern"
    return None
