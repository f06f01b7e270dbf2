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

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from autofis_kedro.compiled import is_plain_torch
from autofis_kedro.data.examples import Examples
from autofis_kedro.errors import UserError
from autofis_kedro.training.config import CheckpointConfig


@dataclass
class Checkpoint:
    """One file that holds tensors and a JSON value.

    Attributes:
        path: of the file.
        minutes: between two saves by ``save_if_due``.
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


def checkpoint_for(config: CheckpointConfig | None, name: str, part: str, *identity: Any) -> Checkpoint | None:
    """The checkpoint of one part (a seed, say) of a named training.

    ``identity`` is everything that the result depends on, apart from who computes: another value is another
    checkpoint, so that changed parameters never continue an old training.
    """
    if config is None:
        return None
    digest = hashlib.sha256("\n".join(map(str, (*identity, is_plain_torch()))).encode()).hexdigest()[:16]
    return Checkpoint(config.folder / name / f"{part}-{digest}.safetensors", config.minutes)


def data_fingerprint(examples: Examples) -> str:
    """Sixteen hexadecimal digits from the size and a sample of at most 20,000 rows."""
    rows = np.linspace(0, examples.n_rows - 1, num=min(examples.n_rows, 20_000), dtype=np.int64)
    digest = hashlib.sha256(str(examples.n_rows).encode())
    digest.update(np.ascontiguousarray(examples.one_hot[rows]).tobytes())
    digest.update(np.ascontiguousarray(examples.labels[rows]).tobytes())
    for position, lists in sorted(examples.bags.items()):
        digest.update(f"{position}:{len(lists.values)}".encode())
        digest.update(np.ascontiguousarray(lists.values[:20_000]).tobytes())
    return digest.hexdigest()[:16]
