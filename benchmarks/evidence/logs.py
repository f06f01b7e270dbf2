"""A realistic family of click logs whose truth is kept.

Fields of uneven size with Zipf values, main effects, noisy copies and nested fields, planted pairs and triples of any
strength, any share of clicks.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from autofis_kedro.evidence import Columns

Fields = tuple[int, ...]


@dataclass(frozen=True)
class Kind:
    """One kind of log.

    Attributes:
        name: for the table.
        rows: of the log.
        fields: number of them, copies and nested ones included.
        share: expected share of clicks.
        pairs: planted.
        triples: planted.
        strength: standard deviation of the planted joint values' effects, on the logit.
        main: likewise of the fields' own.
        copies: fields that repeat another in four of five rows.
        nested: fields that are a coarser version of another.
        largest: values of the largest field.
    """

    name: str
    rows: int = 20_000
    fields: int = 12
    share: float = 0.2
    pairs: int = 0
    triples: int = 0
    strength: float = 1.0
    main: float = 0.4
    copies: int = 1
    nested: int = 0
    largest: int = 600


@dataclass(frozen=True)
class Log:
    """A log and its truth.

    Attributes:
        columns: the rows.
        planted: the tuples that interact.
        effects: of each planted tuple, by the values of its fields.
        logit_N: the true logit of each row.
    """

    columns: Columns
    planted: frozenset[Fields]
    effects: dict[Fields, NDArray[np.float64]]
    logit_N: NDArray[np.float64]


def draw(kind: Kind, seed: int) -> Log:
    """Rows and truth, all from the seed."""
    rng = np.random.default_rng([seed, *kind.name.encode()])
    own = kind.fields - kind.copies - kind.nested
    sizes = np.geomspace(3, kind.largest, own).round().astype(int)
    rng.shuffle(sizes)
    values = [_zipf(rng, int(size), kind.rows) for size in sizes]
    tuples = [*_planted(rng, own, 2, kind.pairs), *_planted(rng, own, 3, kind.triples)]
    touched = [fields[0] for fields in tuples] or list(range(own))
    for place in range(kind.copies):
        source = touched[place % len(touched)]
        noise = rng.integers(0, sizes[source], kind.rows)
        values.append(np.where(rng.random(kind.rows) < 0.2, noise, values[source]))
    for place in range(kind.nested):
        source = touched[-1 - place % len(touched)]
        coarse = rng.integers(0, max(2, sizes[source] // 4), sizes[source])
        values.append(coarse[values[source]])
    logit = np.zeros(kind.rows)
    for value in values:
        logit += kind.main * rng.normal(size=int(value.max()) + 1)[value]
    effects = {fields: kind.strength * rng.normal(size=tuple(sizes[f] for f in fields)) for fields in tuples}
    for fields, effect in effects.items():
        logit += effect[tuple(values[field] for field in fields)]
    logit += _intercept(logit, kind.share)
    labels = rng.random(kind.rows) < 1.0 / (1.0 + np.exp(-logit))
    columns = Columns.of_arrays(np.stack(values, axis=1), labels, [f"x{place}" for place in range(kind.fields)])
    return Log(columns, frozenset(tuples), effects, logit)


def _planted(rng: np.random.Generator, n_fields: int, order: int, number: int) -> list[Fields]:
    candidates = list(combinations(range(n_fields), order))
    return [candidates[place] for place in rng.choice(len(candidates), number, replace=False)]


def _zipf(rng: np.random.Generator, size: int, n_rows: int) -> NDArray[np.int64]:
    share = 1.0 / np.arange(1, size + 1) ** rng.uniform(0.5, 1.1)
    return rng.choice(size, size=n_rows, p=share / share.sum())


def _intercept(logit_N: NDArray[np.float64], share: float) -> float:
    """What brings the mean probability to the share, by bisection."""
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        is_above = float((1.0 / (1.0 + np.exp(-(logit_N + middle)))).mean()) > share
        low, high = (low, middle) if is_above else (middle, high)
    return (low + high) / 2
