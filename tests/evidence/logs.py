"""Small click logs with and without planted interactions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from autofis_kedro.evidence.columns import Columns

Fields = tuple[int, ...]


def draw(
    seed: int,
    n_rows: int,
    sizes: Sequence[int],
    planted: Sequence[Fields] = (),
    strength: float = 1.0,
    intercept: float = -1.0,
    copy_of: int | None = None,
) -> Columns:
    """Zipf values, main effects, planted tuples; the last field a noisy copy of another where asked for."""
    rng = np.random.default_rng(seed)
    values = [_zipf(rng, size, n_rows) for size in sizes]
    if copy_of is not None:
        noise = rng.integers(0, sizes[-1], n_rows)
        values[-1] = np.where(rng.random(n_rows) < 0.2, noise, values[copy_of] % sizes[-1])
    logit = np.full(n_rows, intercept)
    for size, value in zip(sizes, values, strict=True):
        logit += 0.4 * rng.normal(size=size)[value]
    for fields in planted:
        effect = rng.normal(size=tuple(sizes[field] for field in fields))
        logit += strength * effect[tuple(values[field] for field in fields)]
    labels = rng.random(n_rows) < 1.0 / (1.0 + np.exp(-logit))
    return Columns.of_arrays(np.stack(values, axis=1), labels, [f"x{i}" for i in range(len(sizes))])


def _zipf(rng: np.random.Generator, size: int, n_rows: int) -> NDArray[np.int64]:
    share = 1.0 / np.arange(1, size + 1) ** rng.uniform(0.5, 1.1)
    return rng.choice(size, size=n_rows, p=share / share.sum())
