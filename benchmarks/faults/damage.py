"""Damage to the files of artifacts: by disks, by editors, by other versions of a program, by somebody hostile."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.faults.mutations import ANY_BYTES

Random = random.Random


class Hostile:
    """Writes a file when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (f"{os.environ.get('FAULTS_UNPICKLED', '/tmp')}/faults_unpickled",)


def damage(path: Path, data: Path, chance: Random) -> str:
    """Damage one file; what was done. The file may be what it was: whoever reads it decides.

    Args:
        path: of the file.
        data: the folder of all artifacts, for what may stand in its place.
        chance: draws the damage.
    """
    by_format = {".json": JSON, ".parquet": PARQUET, ".safetensors": TENSORS, ".npy": ARRAYS}.get(path.suffix, ())
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


def value_changed(path: Path, data: Path, chance: Random) -> str:
    """One value of a JSON file is another."""
    value = json.loads(path.read_text())
    places = list(_places(value))
    if not places:
        return "no value"
    holder, key = chance.choice(places)
    odd = [
        None,
        -1,
        0,
        1e308,
        "x",
        [],
        {},
        True,
        float("nan"),
        float("inf"),
        2**70,
        "\u0000",
        "../../x",
        "__import__('os')",
    ]
    old, holder[key] = holder[key], chance.choice(odd)
    path.write_text(json.dumps(value))
    return f"{key}: {old!r:.40} -> {holder[key]!r:.40}"


def key_lost(path: Path, data: Path, chance: Random) -> str:
    """A key or an item is missing."""
    value = json.loads(path.read_text())
    places = list(_places(value))
    if not places:
        return "no value"
    holder, key = chance.choice(places)
    del holder[key]
    path.write_text(json.dumps(value))
    return f"{key}"


def nested(path: Path, data: Path, chance: Random) -> None:
    """Deeper than a parser recurses."""
    path.write_text("[" * 100_000 + "]" * 100_000)


def _places(value: Any) -> Any:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield value, key
        yield from _places(inner)


def tensor_changed(path: Path, data: Path, chance: Random) -> str:
    """A tensor is missing, has another shape or type, or holds what is no number."""
    import torch
    from safetensors.torch import load_file, save_file

    tensors = dict(load_file(path))
    name = chance.choice(sorted(tensors))
    how = chance.choice(
        ("missing", "nan", "infinite", "longer", "flat", "double", "integer", "renamed", "further", "one value")
    )
    found = tensors[name]
    changed: dict[str, Callable[[], torch.Tensor]] = {
        "nan": lambda: _with(found, float("nan"), chance),
        "infinite": lambda: _with(found, float("inf"), chance),
        "longer": lambda: torch.cat([found, found]) if found.dim() else found.reshape(1),
        "flat": lambda: found.reshape(-1),
        "double": lambda: found.double(),
        "integer": lambda: found.to(torch.int64),
        "one value": lambda: _with(found, 0.125, chance),
    }
    if how in ("missing", "renamed"):
        tensors.pop(name)
    if how in ("renamed", "further"):
        tensors[f"{name}_"] = found
    if how in changed:
        tensors[name] = changed[how]()
    save_file({key: tensor.contiguous().clone() for key, tensor in tensors.items()}, path)
    return f"{name} {how}"


def _with(tensor: Any, value: float, chance: Random) -> Any:
    found = tensor.clone()
    if found.numel():
        found.reshape(-1)[chance.randrange(found.numel())] = value if found.is_floating_point() else 3
    return found


def cell_changed(path: Path, data: Path, chance: Random) -> str:
    """A column of a table is missing, of another type, or has rows too many or too few, or a cell is another."""
    import polars as pl

    frame = pl.read_parquet(path)
    name, how = (
        chance.choice(frame.columns),
        chance.choice(("missing", "text", "null", "shorter", "longer", "renamed", "turned")),
    )
    if how == "missing":
        frame = frame.drop(name)
    elif how == "text":
        frame = frame.with_columns(pl.lit("x").alias(name))
    elif how == "null":
        frame = frame.with_columns(pl.lit(None).cast(frame[name].dtype).alias(name))
    elif how == "renamed":
        frame = frame.rename({name: f"{name}_"})
    else:
        frame = {
            "shorter": frame.head(frame.height // 2),
            "longer": pl.concat([frame, frame]),
            "turned": frame.reverse(),
        }[how]
    frame.write_parquet(path)
    return f"{name} {how}"


def array_changed(path: Path, data: Path, chance: Random) -> str:
    """An array is shorter, of another type or shape, full of other values, or would be unpickled."""
    import numpy as np

    array = np.load(path)
    how = chance.choice(("shorter", "other type", "other shape", "other values", "objects"))
    changed = {
        "shorter": lambda: array[: len(array) // 2],
        "other type": lambda: array.astype(np.float64),
        "other shape": lambda: array.reshape(-1),
        "other values": lambda: array[::-1].copy(),
        "objects": lambda: np.array([Hostile()], dtype=object),
    }[how]()
    buffer = io.BytesIO()
    np.save(buffer, changed, allow_pickle=True)
    path.write_bytes(buffer.getvalue())
    return how


JSON, PARQUET, TENSORS, ARRAYS = (
    (value_changed, value_changed, key_lost, nested),
    (cell_changed,),
    (tensor_changed,),
    (array_changed,),
)
