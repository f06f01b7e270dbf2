"""Damaged artifacts: refused by name when they are read, or what they hold is what they held."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.faults.damage import damage
from benchmarks.faults.outcome import Ending, Outcome, deep, of_error
from benchmarks.faults.projects import OWN, prepare
from benchmarks.faults.same import VERSION

JOBS = ("trees", "compared", "predict")


def loaded(number: int, work: Path, room: Path) -> Outcome:
    """Damage one file of a finished run and load the artifact that it belongs to."""
    chance = random.Random(f"artifact:{number}")
    reference = prepare(work, chance.choice(JOBS))
    copy(reference, room)
    os.environ["FAULTS_UNPICKLED"] = str(room)
    path = chance.choice(files(room / "data"))
    name = owner(path, room)
    before = said_by(_catalog(room)[name])
    what = f"{VERSION.sub('*', path.relative_to(room / 'data').as_posix())}: {damage(path, room / 'data', chance)}"
    try:
        after = said_by(_catalog(room)[name])
    except BaseException as error:
        return refusal(error, path, name, what)
    if (room / "faults_unpickled").exists():
        return Outcome(Ending.WRONG, f"{what}: was unpickled")
    if after != before:
        return Outcome(Ending.WRONG, f"{what}: loads as something else")
    return Outcome(Ending.WORKED, what)


def refusal(error: BaseException, path: Path, name: str, what: str) -> Outcome:
    """A refusal is clean if it names the artifact."""
    from autofis_kedro.cli import explain

    message = explain(error)
    if message is None or deep(message):
        return Outcome(Ending.TRACEBACK, f"{what}: {of_error(error).detail}")
    artifact = next(part for part in reversed(path.parts[:-1]) if not VERSION.fullmatch(part))
    if not any(part in message for part in (name, path.name, artifact)):
        return Outcome(Ending.WRONG, f"{what}: the refusal does not name the artifact: {message}")
    return Outcome(Ending.REFUSED, f"{what}: {message}")


def copy(reference: Path, folder: Path) -> None:
    """A project whose artifacts are links to those of the reference: whoever changes one unlinks it first."""
    shutil.copytree(reference / "conf", folder / "conf")
    shutil.copytree(reference / "data", folder / "data", copy_function=os.link)
    for name in ("log.csv", "new.csv"):
        shutil.copyfile(reference / name, folder / name)


def files(data: Path) -> list[Path]:
    """Every file of every artifact."""
    return sorted(
        path
        for path in data.rglob("*")
        if path.is_file() and "checkpoints" not in path.parts and VERSION.search(str(path))
    )


def owner(path: Path, room: Path) -> str:
    """The name of the data set that a file belongs to."""
    place, catalog = path.relative_to(room).as_posix(), _catalog(room)
    found = [name for name in _names() if place.startswith(f"{_filepath(catalog, name)}/")]
    return max(found, key=lambda name: len(_filepath(catalog, name)))


def _filepath(catalog: Any, name: str) -> str:
    return str(getattr(catalog[name], "_filepath", "/nowhere"))


def _catalog(room: Path) -> Any:
    """The data sets, by paths below the current directory, which remember nothing yet."""
    from kedro.io import DataCatalog

    os.chdir(room)
    return DataCatalog.from_config(deepcopy(_entries()))


@cache
def _entries() -> dict[str, Any]:
    """The catalog's configuration, which is the same in every project."""
    from autofis_kedro.config_loader import UnsharedConfigLoader
    from autofis_kedro.settings import CONFIG_LOADER_ARGS

    return dict(UnsharedConfigLoader("conf", env=OWN[-1], **CONFIG_LOADER_ARGS)["catalog"])


@cache
def _names() -> list[str]:
    """Every data set of every pipeline."""
    from kedro.framework.project import configure_project, pipelines

    configure_project("autofis_kedro")
    found = set().union(*(pipeline.datasets() for pipeline in pipelines.values()))
    return sorted(name for name in found if not name.startswith("param"))


def said_by(dataset: Any) -> str:
    """A digest of what an artifact holds when it is loaded and looked at whole."""
    digest = hashlib.sha256()
    for part in _parts(dataset.load()):
        digest.update(part)
    return digest.hexdigest()


def _parts(value: Any) -> Any:
    import numpy as np
    import polars as pl
    import torch

    if hasattr(value, "scan"):
        value = value.scan()
    if isinstance(value, pl.LazyFrame):
        value = value.collect()
    if isinstance(value, pl.DataFrame):
        yield repr(value.schema).encode() + value.write_json().encode()
    elif isinstance(value, torch.Tensor):
        yield f"{value.dtype} {tuple(value.shape)}".encode() + value.contiguous().numpy().tobytes()
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype} {value.shape}".encode() + np.ascontiguousarray(value).tobytes()
    elif isinstance(value, dict):
        for key in sorted(value, key=str):
            yield str(key).encode()
            yield from _parts(value[key])
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _parts(inner)
    elif hasattr(value, "model_dump_json"):
        yield value.model_dump_json().encode()
    elif hasattr(value, "to_json"):
        yield value.to_json().encode()
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from _parts(getattr(value, name))
    else:
        yield repr(value).encode()
