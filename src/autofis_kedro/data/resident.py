"""Examples in the memory of a GPU: of every batch, the row numbers go there, and not the rows.

Shapes: N rows, O one-hot fields.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from autofis_kedro.data.batches import Batch, take
from autofis_kedro.data.examples import Examples, UInt8

CHUNK_ROWS = 1 << 20
"""Rows that are copied at once: a mapped file is never in the computer's memory whole."""
SHARE = 0.5
"""Of the memory that training leaves, for the rows of one split: what it needs is an estimate."""


@dataclass(frozen=True)
class ResidentExamples:
    """As ``Examples`` without multi-hot fields, for whoever makes batches of them.

    Attributes:
        ids_NO: int32 global ids of the one-hot fields, on the device.
        labels_N: uint8, 0 or 1, on the device.
        labels: the same in the computer's memory, or mapped.
    """

    ids_NO: Tensor
    labels_N: Tensor
    labels: UInt8

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.labels)


def resident_if_it_fits(examples: Examples, device: torch.device, needed: int) -> Examples | ResidentExamples:
    """The examples in the device's memory; as they are on the CPU, with multi-hot fields, or if they are too large.

    Args:
        needed: bytes that training has yet to take.
    """
    free, n_bytes = free_bytes(device), examples.one_hot.nbytes + examples.labels.nbytes
    is_fit = free is not None and not examples.bags and n_bytes <= SHARE * (free - needed)
    return resident(examples, device) if is_fit else examples


def resident(examples: Examples, device: torch.device) -> ResidentExamples:
    """One-hot rows copied to a device, chunk by chunk."""
    ids_NO = torch.empty(examples.one_hot.shape, dtype=torch.int32, device=device)
    labels_N = torch.empty(examples.n_rows, dtype=torch.uint8, device=device)
    for start in range(0, examples.n_rows, CHUNK_ROWS):
        some = slice(start, start + CHUNK_ROWS)
        # copied, for torch must not alias a read-only map
        ids_NO[some] = torch.from_numpy(examples.one_hot[some].copy()).to(device)
        labels_N[some] = torch.from_numpy(examples.labels[some].copy()).to(device)
    return ResidentExamples(ids_NO, labels_N, examples.labels)


def free_bytes(device: torch.device) -> int | None:
    """Free memory of a GPU, with what torch holds there and does not use; None of other devices."""
    if device.type != "cuda":
        return None
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(torch.cuda.mem_get_info(device)[0]) + unused


@take.register
def _(examples: ResidentExamples, rows: NDArray[np.int64] | slice) -> Batch:
    if isinstance(rows, slice):
        return Batch(examples.ids_NO[rows].clone(), examples.labels_N[rows].float(), {})
    # 16 KB for 2,000 rows: up to 64 KB a GPU's driver takes at once, and nobody waits for the copy
    rows_B = torch.from_numpy(rows).to(examples.ids_NO.device, non_blocking=True)
    return Batch(examples.ids_NO.index_select(0, rows_B), examples.labels_N.index_select(0, rows_B).float(), {})
