"""statistics_AUC: how well the click-through rates of a combination's joint values rank rows (paper sec. 4.5).

Shapes: N rows, V distinct joint values of one combination of fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import prod

import numpy as np
import polars as pl
from pydantic import Field as Bounded
from pydantic import field_validator
from sklearn.metrics import roc_auc_score

from autofis_kedro.config import Options
from autofis_kedro.data.examples import Examples, check_examples
from autofis_kedro.data.joint_values import Block, JointCounts, blocks
from autofis_kedro.data.schema import Schema
from autofis_kedro.errors import UserError

BYTES_PER_VALUE = 100
"""Of a joint value while it is counted and merged: keys, counts, and what sorting takes."""

Combination = tuple[int, ...]


class StatisticsAUCConfig(Options):
    """How the click-through rate of a joint value is estimated.

    Attributes:
        smoothing: rows with the overall rate that are added to each joint value. The paper adds none; but most joint
            values of two large fields are seen once, and then have the rate 0 or 1. Of 0, 1, 10 and 100 rows 10 had
            the highest mean AUC over all pairs on the validation rows of the Criteo, Avazu and MovieLens samples.
        also: orders that are ranked beside the pairs: 1 is single fields, 3 is triples.
        threads: combinations that are worked on at the same time.
        block_rows: rows read at once: what is in memory does not grow with the data, but with the distinct joint
            values.
        memory_gb: for the joint values of the combinations that share a pass over the rows; more is fewer passes.
    """

    smoothing: float = Bounded(default=10.0, ge=0)
    also: tuple[int, ...] = (1,)
    threads: int = Bounded(default=2, ge=1, le=1024)
    block_rows: int = Bounded(default=1 << 20, ge=1)
    memory_gb: float = Bounded(default=1.0, gt=0)

    @field_validator("also")
    @classmethod
    def _are_orders(cls, given: tuple[int, ...]) -> tuple[int, ...]:
        if not set(given) <= {1, 3}:
            raise ValueError("orders beside the pairs are 1 (single fields) and 3 (triples)")
        return given


def statistics_auc(
    train: Examples,
    evaluation: Examples,
    schema: Schema,
    tuples: Sequence[Combination] | None = None,
    config: StatisticsAUCConfig | None = None,
) -> pl.DataFrame:
    """AUC on the evaluation rows of predicting each row by its joint value's rate among the train rows.

    A multi-hot cell's whole set of values counts as one value. Joint values that no train row has are predicted by
    the overall rate. The rows are read block by block, once for all combinations whose joint values fit into memory
    together.

    Args:
        train: rows that the rates come from.
        evaluation: rows that are ranked: validation rows to select interactions, test rows to report.
        schema: of both.
        tuples: combinations of field positions, of any one order; all pairs if not given.
        config: the estimate.

    Returns:
        field_1, field_2 (, ...), statistics_auc, rank (1 is the best), distinct (joint values in train rows).

    Raises:
        UserError: examples of another schema, or evaluation rows of one label only.
    """
    config = config or StatisticsAUCConfig()
    check_examples(train, schema, "train examples")
    check_examples(evaluation, schema, "evaluation examples")
    labels = np.asarray(evaluation.labels)
    if labels.min() == labels.max():
        raise UserError("statistics_AUC: the evaluation rows have one label only")
    tuples = schema.tuples(2) if tuples is None else tuples
    found: list[tuple[float, int]] = []
    with ThreadPoolExecutor(config.threads) as threads:
        for group in groups(tuples, schema, train.n_rows + evaluation.n_rows, config):
            seen, asked = (_counts(rows, schema, group, config, threads) for rows in (train, evaluation))
            found += threads.map(lambda train, rows: _auc(train, rows, config.smoothing), seen, asked)
    columns: dict[str, list[object]] = {
        f"field_{place + 1}": [schema.names[fields[place]] for fields in tuples] for place in range(len(tuples[0]))
    }
    columns |= {"statistics_auc": [auc for auc, _ in found], "distinct": [distinct for _, distinct in found]}
    rank = pl.col("statistics_auc").rank("ordinal", descending=True).cast(pl.Int32).alias("rank")
    return pl.DataFrame(columns).with_columns(rank)


def groups(
    tuples: Sequence[Combination], schema: Schema, n_rows: int, config: StatisticsAUCConfig
) -> Iterator[list[Combination]]:
    """Combinations, in their order, that share a pass over the rows."""
    at_most = config.memory_gb * 1e9
    group: list[Combination] = []
    taken = 0.0
    for fields in tuples:
        sets = any(position in schema.multi_hot_positions for position in fields)
        distinct = n_rows if sets else min(n_rows, prod(schema.fields[position].size for position in fields))
        if group and taken + distinct * BYTES_PER_VALUE > at_most:
            yield group
            group, taken = [], 0.0
        group.append(fields)
        taken += distinct * BYTES_PER_VALUE
    if group:
        yield group


def _counts(
    examples: Examples,
    schema: Schema,
    group: Sequence[Combination],
    config: StatisticsAUCConfig,
    threads: ThreadPoolExecutor,
) -> list[JointCounts]:
    """Rows and clicks of the joint values of every combination, in one pass."""
    counts = [JointCounts() for _ in group]
    needed = sorted({position for fields in group for position in fields})
    for block in blocks(examples, schema, needed, config.block_rows):

        def count(counted: JointCounts, fields: Combination, block: Block = block) -> None:
            counted.add(block.keys(fields), block.labels_N)

        list(threads.map(count, counts, group))
    return [counted.merge() for counted in counts]


def _auc(seen: JointCounts, asked: JointCounts, smoothing: float) -> tuple[float, int]:
    """AUC over the distinct joint values, each weighing as much as it has rows; distinct values in the train rows."""
    rows_V, clicks_V = seen.counts_V2.T.astype(np.float64)
    overall = float(clicks_V.sum() / rows_V.sum())
    rate_V = (clicks_V + smoothing * overall) / (rows_V + smoothing)
    place = np.minimum(np.searchsorted(seen.key_V, asked.key_V), len(seen.key_V) - 1)
    score = np.where(seen.key_V[place] == asked.key_V, rate_V[place], overall)
    rows, clicks = asked.counts_V2.T
    is_click = np.repeat([1, 0], len(score))
    weight = np.concatenate([clicks, rows - clicks])
    return float(roc_auc_score(is_click, np.tile(score, 2), sample_weight=weight)), len(seen.key_V)
