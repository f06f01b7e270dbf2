"""Checkpoints of an unfinished training: one safetensors file, replaced atomically.

safetensors because it loads without executing code.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import zlib
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from autofis_kedro import __version__
from autofis_kedro.compiled import who_computes
from autofis_kedro.data.examples import Examples
from autofis_kedro.errors import UserError
from autofis_kedro.integrity import reading
from autofis_kedro.training.config import CheckpointConfig

CHECKSUM = "crc32"
FORMAT = 3
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
            text = json.dumps(value)
            about = {"value": text, CHECKSUM: f"{_checksum(contiguous, text):08x}"}
            save_file(contiguous, temporary, metadata=about)
            os.replace(temporary, self.path)
        except (OSError, SafetensorError) as error:
            with suppress(OSError):
                temporary.unlink()
            raise UserError(f"checkpoint '{self.path}' could not be written: {error}") from error
        self._last = time.monotonic()

    def load(self) -> tuple[dict[str, Tensor], Any] | None:
        """What was saved last; None if nothing was.

        Raises:
            UserError: the file is corrupt.
        """
        if not self.path.exists():
            return None
        with self.reading():
            if not self.path.is_file():  # a pipe would wait for ever
                raise ValueError("no file")
            with safe_open(self.path, framework="pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                about = file.metadata()
            if about[CHECKSUM] != f"{_checksum(tensors, about['value']):08x}":
                raise ValueError("it is not what was written: its checksum is another")
            return tensors, json.loads(about["value"])
        return None

    def reading(self) -> AbstractContextManager[None]:
        """Whatever goes wrong within, while what was loaded is put to use, is the file's fault and named so."""
        return reading(self.path, "delete it to train from the start", "checkpoint")

    def remove(self) -> None:
        """Delete the file if it exists."""
        self.path.unlink(missing_ok=True)


def _checksum(tensors: Mapping[str, Tensor], value: str) -> int:
    """Of names, types, shapes, bytes and the value: safetensors itself notices no flipped byte."""
    checksum = zlib.crc32(value.encode())
    for name, tensor in sorted(tensors.items()):
        checksum = zlib.crc32(f"{name} {tensor.dtype} {list(tensor.shape)}".encode(), checksum)
        checksum = zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy().data, checksum)
    return checksum


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
