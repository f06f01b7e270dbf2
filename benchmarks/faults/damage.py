"""Damage to the files of artifacts: by disks, by editors, by other versions of a program, by somebody hostile."""

from __future__ import annotations

import pickle
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.faults.contents import BY_FORMAT, Hostile
from benchmarks.faults.mutations import ANY_BYTES

Random = random.Random


def damage(path: Path, data: Path, chance: Random) -> str:
    """Damage one file; what was done. The file may be what it was: whoever reads it decides.

    Args:
        path: of the file.
        data: the folder of all artifacts, for what may stand in its place.
        chance: draws the damage.
    """
    by_format = BY_FORMAT.get(path.suffix, ())
    change = chance.choice(by_format) if by_format and chance.random() < 0.5 else chance.choice(ANY_FILE)
    content = path.read_bytes()
    path.unlink()  # it may be a link to the file of the reference
    path.write_bytes(content)
    told = change(path, data, chance)
    return f"{change.__name__}{f' ({told})' if told else ''}"


def flipped(path: Path, data: Path, chance: Random) -> str:
    """One of the changes of bytes."""
    change = chance.choice(ANY_BYTES)
    path.write_bytes(change(path.read_bytes(), chance))
    return change.__name__


def emptied(path: Path, data: Path, chance: Random) -> None:
    """Nothing in it."""
    path.write_bytes(b"")


def removed(path: Path, data: Path, chance: Random) -> None:
    """Gone."""
    path.unlink()


def replaced(path: Path, data: Path, chance: Random) -> str | None:
    """The content of another artifact of the same format."""
    others = sorted(p for p in data.rglob(f"*{path.suffix}") if p.is_file() and p.read_bytes() != path.read_bytes())
    if not others:
        return "by none"
    other = chance.choice(others)
    shutil.copyfile(other, path)
    return f"by {other.parent.parent.name if other.parent.parent != data else other.name}/{other.name}"


def made_a_folder(path: Path, data: Path, chance: Random) -> None:
    """A folder of that name."""
    path.unlink()
    path.mkdir()


def pickled(path: Path, data: Path, chance: Random) -> None:
    """Bytes that run a program when they are unpickled."""
    path.write_bytes(pickle.dumps(Hostile()))


ANY_FILE: tuple[Callable[[Path, Path, Random], str | None], ...]
ANY_FILE = (flipped, flipped, flipped, flipped, emptied, removed, replaced, replaced, made_a_folder, pickled)
