"""Parameters of every kind with values of every kind: refused by name, or worked with numbers that are numbers."""

from __future__ import annotations

import json
import math
import random
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from autofis_kedro.data.bucketing import BucketingConfig
from autofis_kedro.data.splitting import SplitConfig
from autofis_kedro.models import ModelSpec
from autofis_kedro.training import CheckpointConfig, ExtractionConfig, SearchConfig, SeedsConfig, TrainingConfig
from autofis_kedro.trees.forest import TreesConfig
from benchmarks.faults.commands import Ended, Running
from benchmarks.faults.outcome import INTERRUPTED, Ending, Outcome, of_run
from benchmarks.faults.projects import command_of, lay_out
from benchmarks.faults.same import newest

TYPED: dict[str, tuple[type[BaseModel], str]] = {
    "training": (TrainingConfig, "fm"),
    "search": (SearchConfig, "autofm"),
    "extraction": (ExtractionConfig, "autofm"),
    "seeds": (SeedsConfig, "fm"),
    "split": (SplitConfig, "fm"),
    "bucketing": (BucketingConfig, "fm"),
    "trees": (TreesConfig, "trees"),
    "checkpoints": (CheckpointConfig, "fm"),
    "fm.spec": (ModelSpec, "fm"),
    "autofm.spec": (ModelSpec, "autofm"),
}
"""Parameters by where they stand, their type, and the job that reads them."""
TOP = ("epochs", "batch_size", "embedding_dim", "n_seeds", "seed", "device")
ENDLESS = ("epochs", "n_seeds", "n_trees", "patience", "evaluations_per_epoch", "n_rows", "fine_tune_epochs")
"""Of these a large value is a long run that ends when it is asked to."""
PATIENCE = 45.0

NUMBERS = [0, 1, -1, 2, 3, 0.5, 1e-12, 1e-300, 0.999, 1.5, 1e4, 1e8, 1e20, 1e308, -1e20, 2**31, 2**63, 2**64]
WORDS = [
    "",
    " ",
    "x",
    "auto",
    "null",
    "none",
    "nan",
    "inf",
    "-inf",
    "true",
    "1e3",
    "0x10",
    "../x",
    "${globals:x}",
    "é",
    "[/x]",
    "1,2",
]
ODD: list[Any] = [None, True, False, [], {}, [1], [0.5, 0.5], {"a": 1}, [[]], "10", float("nan"), float("inf"), [1e400]]


def parameter(number: int, work: Path, room: Path) -> Outcome:
    """One parameter has another value, or another name."""
    chance = random.Random(f"parameter:{number}")
    name, job = _place(chance)
    lay_out(room)
    if chance.random() < 0.1:
        name, value, is_known = _misspelled(name, chance), chance.choice(NUMBERS), False
    else:
        value, is_known = chance.choice(chance.choice((NUMBERS, WORDS, ODD))), True
    given = ""
    if isinstance(value, int | float | str) and "," not in str(value) and chance.random() < 0.5:
        given = f"{name}={value}"
    else:
        content = _nested(name, value)
        (room / "conf" / "own" / "parameters.yml").write_text(yaml.safe_dump(content))
    what = f"{job} with {name} = {value!r}{' as --params' if given else ''}"
    return _judged(name, value, is_known, what, Running(command_of(job, room, given)), room)


def _place(chance: random.Random) -> tuple[str, str]:
    """A parameter and the job that reads it."""
    if chance.random() < 0.1:
        return (chance.choice(TOP), "fm") if chance.random() < 0.8 else ("n_rows", "rows")
    place = chance.choice(list(TYPED))
    model, job = TYPED[place]
    return f"{place}.{chance.choice(list(model.model_fields))}", job


def _misspelled(name: str, chance: random.Random) -> str:
    head, _, last = name.rpartition(".")
    place = chance.randrange(len(last))
    changed = last[:place] + chance.choice(("", "x", last[place] * 2)) + last[place + 1 :]
    return ".".join(part for part in (head, changed if changed not in ("", last) else f"{last}s") if part)


def _nested(name: str, value: Any) -> dict[str, Any]:
    for part in reversed(name.split(".")):
        value = {part: value}
    return value  # type: ignore[no-any-return]


def _judged(name: str, value: Any, is_known: bool, what: str, running: Running, room: Path) -> Outcome:
    ended, was_stopped = _ended(running, name)
    if ended.is_hung:
        return Outcome(Ending.HUNG, what)
    if was_stopped and ended.status in INTERRUPTED:
        return Outcome(Ending.WORKED, f"{what}: stopped when it was asked to")
    outcome = of_run(ended.status, ended.output)
    last = name.rpartition(".")[2]
    if outcome.ending == Ending.REFUSED and not is_known and last not in outcome.detail:
        return Outcome(Ending.WRONG, f"{what}: the refusal does not name it: {outcome.detail}")
    if outcome.ending != Ending.WORKED:
        return Outcome(outcome.ending, f"{what}: {outcome.detail}")
    if not is_known:
        return Outcome(Ending.WRONG, f"{what}: status 0 although there is no such parameter")
    odd = [f"{place}: {number}" for place, number in _metrics(room) if not math.isfinite(number)]
    return Outcome(Ending.WRONG, f"{what}: status 0 and {odd[0]}") if odd else Outcome(Ending.WORKED, what)


def _ended(running: Running, name: str) -> tuple[Ended, bool]:
    """The end; a run that may be long is asked to stop after a while."""
    if name.rpartition(".")[2] not in ENDLESS:
        return running.wait(), False
    was_stopped = running.stop_after(PATIENCE, signal.SIGTERM)
    return running.wait(), was_stopped


def _metrics(room: Path) -> Iterator[tuple[str, float]]:
    for name, path in newest(room / "data").items():
        if name.endswith("metrics.json"):
            yield from _numbers(name, json.loads(path.read_text()))


def _numbers(place: str, value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _numbers(f"{place}.{key}", inner)
    elif isinstance(value, float):
        yield place, value
