"""What killed runs leave in a data set's folders: temporary names that no lookup matches, but that take space."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from autofis_kedro.integrity import seal_of

logger = logging.getLogger(__name__)

SEAL = seal_of(Path("x")).suffix
PARTIAL = ".partial"
"""Ends the name of a file or folder that is being written."""
VERSION = re.compile(r"\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d\.\d{3}Z")
LAYERS = (
    "02_intermediate",
    "03_primary",
    "04_feature",
    "05_model_input",
    "06_models",
    "07_model_output",
    "08_reporting",
)
"""Kedro's, without raw rows, which are the user's. Folders of other names may be the user's, too."""


def clear_leftovers(lock: Path) -> int:
    """Remove the temporary files that killed runs left beside the artifacts of a lock's data set.

    Whoever calls it holds the lock: what lies there is nobody's.

    Returns:
        how many files and folders were removed.
    """
    dataset = lock.name.removeprefix(".").removesuffix(".lock")
    removed = 0
    for layer in LAYERS:
        for path in list(_leftovers(lock.parent / layer / dataset)):
            remove(path)
            removed += 1
        for folder in list(_empty_versions(lock.parent / layer / dataset)):
            with suppress(OSError):
                folder.rmdir()
    if removed:
        logger.info("removed %d temporary files that a killed run left for data set '%s'", removed, dataset)
    return removed


def remove(path: Path) -> None:
    """Remove a file or a folder as far as it is there and may be removed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        path.unlink()


def _leftovers(folder: Path, depth: int = 3) -> Iterator[Path]:
    """Temporary names in version folders and checkpoints, at most so many folders deep."""
    if not folder.is_dir() or folder.is_symlink():
        return
    in_version = VERSION.fullmatch(folder.name) is not None
    for path in folder.iterdir():
        if path.name.endswith(PARTIAL) or (in_version and _is_temporary(path)):
            yield path
        elif depth and not in_version:
            yield from _leftovers(path, depth - 1)


def _empty_versions(folder: Path, depth: int = 3) -> Iterator[Path]:
    """Folders of versions that did not come to be: made for an artifact that was not written."""
    if not folder.is_dir() or folder.is_symlink():
        return
    if VERSION.fullmatch(folder.name):
        if not any(folder.iterdir()):
            yield folder
    elif depth:
        for path in folder.iterdir():
            yield from _empty_versions(path, depth - 1)


def _is_temporary(path: Path) -> bool:
    """Folders that readers and writers make beside what they write, and checksums of what did not come to be."""
    if path.name.endswith(SEAL):
        return not path.with_name(path.name[1 : -len(SEAL)]).exists()
    return path.is_dir() and (path.name.startswith("raw_") or (path.name.startswith(".") and PARTIAL in path.name))
