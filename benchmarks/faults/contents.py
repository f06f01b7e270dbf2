"""Damage to what the files of artifacts hold: sound files of their format, and not what was written."""

from __future__ import annotations

import io
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

Random = random.Random


class Hostile:
    """Writes a file when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (f"{os.environ.get('FAULTS_UNPICKLED', '/tmp')}/faults_unpickled",)


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


BY_FORMAT: dict[str, tuple[Callable[[Path, Path, Random], str | None], ...]] = {
    ".json": (value_changed, value_changed, key_lost, nested),
    ".parquet": (cell_changed,),
    ".safetensors": (tensor_changed,),
    ".npy": (array_changed,),
}
