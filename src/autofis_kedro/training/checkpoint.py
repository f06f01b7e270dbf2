"""Checkpoints of an unfinished training: one safetensors file, replaced atomically.

safetensors because it loads without executing code.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from autofis_kedro import __version__
from autofis_kedro.compiled import who_computes
from autofis_kedro.data.examples import Examples
from autofis_kedro.errors import UserError
from autofis_kedro.training.config import CheckpointConfig

FORMAT = 2
"""Of what checkpoints hold; raised with every change of it."""


@dataclass
class Checkpoint:
    """One file that holds tensors and a JSON value.

    Attributes:
        path: of the file.
        minutes: between two saves, as far as ``is_due`` is asked.
    """

    path: Path
    minutes: float = 5.0
    _last: float = field(default_factory=time.monotonic)

    def is_due(self) -> bool:
        """Whether ``minutes`` have passed since the last save."""
        return time.monotonic() - self._last >= self.minutes * 60

    def save(self, tensors: Mapping[str, Tensor], value: Any) -> None:
        """Write a temporary file and rename it: a crash leaves the previous checkpoint.

        Raises:
            UserError: the file cannot be written, for example because the disk is full.
        """
        temporary = self.path.with_name(f"{self.path.name}.{os.getpid()}.partial")
        contiguous = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            save_file(contiguous, temporary, metadata={"value": json.dumps(value)})
            os.replace(temporary, self.path)
        except (OSError, SafetensorError) as error:
            temporary.unlink(missing_ok=True)
            raise UserError(f"checkpoint '{self.path}' could not be written: {error}") from error
        self._last = time.monotonic()

    def load(self) -> tuple[dict[str, Tensor], Any] | None:
        """What was saved last; None if nothing was.

        Raises:
            UserError: the file is corrupt.
        """
        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                return tensors, json.loads(file.metadata()["value"])
        except (OSError, SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
            raise UserError(
                f"checkpoint '{self.path}' is corrupt ({error}): delete it to train from the start"
            ) from error

    def remove(self) -> None:
        """Delete the file if it exists."""
        self.path.unlink(missing_ok=True)


def checkpoint_for(
    config: CheckpointConfig | None, name: str, part: str, train: Examples, valid: Examples, *identity: Any
) -> Checkpoint | None:
    """The checkpoint of one part (a seed, say) of a named training.

    Another value of whatever the result depends on is another checkpoint, so that nothing continues a training of
    other rows or parameters, of another release, or by whoever else computes.

    Args:
        config: where checkpoints are kept; None keeps none.
        name: of the training; its folder.
        part: of the training.
        train: the rows that are learned from.
        valid: the rows that decide when to stop, and where gates are trained on them.
        identity: all else that the result depends on.
    """
    if config is None:
        return None
    everything = (FORMAT, __version__, who_computes(), train.content, valid.content, *identity)
    digest = hashlib.sha256("\n".join(map(str, everything)).encode()).hexdigest()[:16]
    return Checkpoint(config.folder / name / f"{part}-{digest}.safetensors", config.minutes)
