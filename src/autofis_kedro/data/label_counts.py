"""How many rows of each label every split has: few say little, and without any nothing can be learned or tested."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import polars as pl

from autofis_kedro.data.names import LABEL, ROW
from autofis_kedro.data.splitting import SPLITS, Assignment, SplitConfig, lot
from autofis_kedro.errors import UserError

logger = logging.getLogger(__name__)

FEW = 25
"""Rows of the rarer label with which an AUC's standard error may be 0.1: it is at most 0.5 / sqrt(n) (Birnbaum, Klose
1957)."""
RARE = 500
"""With more rows of a label than this, a split of a fiftieth of the rows lacks it once in 20,000 times."""
SEEDS = 20_000
"""Three rows fall into one split of 80 % and two of 10 % once in 21 times."""

Counts = Mapping[str, tuple[int, int]]
"""Rows of label 0 and of label 1, by split."""


def split_with_both_labels(typed: pl.LazyFrame, config: SplitConfig) -> SplitConfig:
    """The configuration with the first seed from its own on that gives every split rows of both labels.

    Of another method than ``random``, or with many rows of both labels, it stays as it is. Another seed is warned of.

    Raises:
        UserError: a label has fewer rows than there are splits, or no seed was found.
    """
    if config.method != "random":
        return config
    found = dict(typed.group_by(LABEL).len().collect(engine="streaming").iter_rows())
    label, count = min(((label, found.get(label, 0)) for label in (0, 1)), key=lambda item: item[1])
    if count > RARE:
        return config
    rows = typed.filter(pl.col(LABEL) == label).select(ROW).collect(engine="streaming")
    if count >= len(SPLITS):
        for seed in range(config.seed, config.seed + SEEDS):
            if _is_everywhere(rows, config, seed):
                return _with_seed(config, seed, f"{count} of {sum(found.values()):,} rows have label {label}")
    raise UserError(
        f"label {label} is in {count} of {sum(found.values()):,} rows: the train, validation and test rows need one of "
        "it each, at least; give more rows, or other split.fractions"
    )


def _is_everywhere(rows: pl.DataFrame, config: SplitConfig, seed: int) -> bool:
    lots = rows.select(lot(seed)).to_series()
    train, valid, _ = config.fractions
    in_train, in_test = int((lots < train).sum()), int((lots >= train + valid).sum())
    return min(in_train, in_test, len(lots) - in_train - in_test) > 0


def _with_seed(config: SplitConfig, seed: int, why: str) -> SplitConfig:
    if seed != config.seed:
        logger.warning(
            "%s, none in one of the splits with split.seed %d: split.seed %d is taken", why, config.seed, seed
        )
    return config.model_copy(update={"seed": seed})


def count_labels(typed: pl.LazyFrame, assignment: Assignment) -> Counts:
    """Rows of each label in every split, after down-sampling."""
    sums = [
        (assignment.holds(name) & (pl.col(LABEL) == label)).sum().alias(f"{name} {label}")
        for name in SPLITS
        for label in (0, 1)
    ]
    found = assignment.sampled(typed).select(sums).collect(engine="streaming").row(0, named=True)
    return {name: (found[f"{name} 0"], found[f"{name} 1"]) for name in SPLITS}


def check_counts(counts: Counts, method: str) -> None:
    """Warn where the validation or test rows have few of a label.

    Raises:
        UserError: a split has none.
    """
    total = sum(map(sum, counts.values()))
    for label in (0, 1):
        by_split = {name: found[label] for name, found in counts.items()}
        said = f"label {label} is in {sum(by_split.values()):,} of {total:,} rows ("
        said += ", ".join(f"{name} {count:,}" for name, count in by_split.items()) + ")"
        for name, count in by_split.items():
            if not count:
                raise UserError(
                    f"the {name} rows have none of label {label}: {said}, split.method {method}; every split "
                    "needs both labels: give more rows, or split otherwise"
                )
        fewest = min(by_split["valid"], by_split["test"])
        if fewest < FEW:
            logger.warning(
                "%s: with %d of a label an AUC may be off by %.2f (two standard errors), and models can hardly be told "
                "apart",
                said,
                fewest,
                min(0.5, fewest**-0.5),
            )
