"""xlearn's files: rows as libffm text, and its model as text.

Shapes: N global ids, F fields, K embedding size.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import torch
from torch import Tensor

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema

CHUNK_ROWS = 100_000


def write_libffm(examples: Examples, schema: Schema, path: Path) -> None:
    """Rows as text, ``label field:id:1 ...``, in bounded memory."""
    names = [f"{position}" for position in range(schema.n_fields)]
    with path.open("wb") as file:
        for start in range(0, examples.n_rows, CHUNK_ROWS):
            ids = pl.DataFrame(np.asarray(examples.one_hot[start : start + CHUNK_ROWS]), schema=names)
            labels = pl.Series("label", examples.labels[start : start + CHUNK_ROWS])
            tokens = [pl.format(f"{name}:{{}}:1", pl.col(name)) for name in names]
            lines = ids.with_columns(labels).select(pl.concat_str("label", *tokens, separator=" "))
            lines.write_csv(file, include_header=False, quote_style="never")


def read_model(path: Path, schema: Schema, embedding_dim: int) -> dict[str, Tensor]:
    """xlearn's text model as the weights of an FFM of ours; ids that it does not have stay zero."""
    linear = np.zeros((schema.n_ids, 1), dtype=np.float32)
    table = np.zeros((schema.n_ids, schema.n_fields, embedding_dim), dtype=np.float32)
    bias = np.zeros(1, dtype=np.float32)
    for kind, numbers, values in _entries(path):
        if kind == "bias":
            bias[:] = values
        elif kind == "i":
            linear[numbers] = values
        else:
            table[numbers] = values
    arrays = {"bias": bias, "linear.weight": linear, "embedding.weight": table.reshape(schema.n_ids, -1)}
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _entries(path: Path) -> Iterator[tuple[str, tuple[int, ...], list[float]]]:
    """``v_3_0: 0.1 0.2`` as ("v", (3, 0), [0.1, 0.2])."""
    with path.open(encoding="ascii") as file:
        for line in file:
            name, _, values = line.partition(":")
            kind, *numbers = name.split("_")
            yield kind, tuple(map(int, numbers)), list(map(float, values.split()))
