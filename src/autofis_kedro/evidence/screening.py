"""Which triples are tested in full where there are more than can be: those that a test over fewer rows puts first.

What a screen can miss is a triple whose effect needs all rows to be seen. "Contains a kept pair" would be a cheaper
screen and misses every triple without a pair's effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np

from autofis_kedro.evidence.base import Base, fit_base, terms_of
from autofis_kedro.evidence.columns import Columns
from autofis_kedro.evidence.config import EvidenceConfig
from autofis_kedro.evidence.testing import Fields, ScoreTester

SCREEN_ROWS = 100_000


def screened(columns: Columns, base: Base, kept: Sequence[Fields], config: EvidenceConfig) -> tuple[list[Fields], int]:
    """Triples to test, and how many were left out.

    Args:
        columns: the rows.
        base: with the kept pairs.
        kept: pairs.
        config: how many.
    """
    triples: list[Fields] = list(combinations(range(columns.n_fields), 3))
    if len(triples) <= config.max_triples:
        return triples, 0
    over, rows = base, columns
    if columns.n_rows > SCREEN_ROWS:
        is_in = np.zeros(columns.n_rows, dtype=bool)
        is_in[np.random.default_rng(config.seed).choice(columns.n_rows, SCREEN_ROWS, replace=False)] = True
        rows = columns.part(is_in)
        over = fit_base(terms_of(rows, kept), rows.labels_N)
    scores = ScoreTester(rows, over, config.threads, config.seed).scores(triples)
    best = sorted(triples, key=lambda fields: (scores[fields].p, -scores[fields].z))[: config.max_triples]
    return sorted(best), comb(columns.n_fields, 3) - len(best)
