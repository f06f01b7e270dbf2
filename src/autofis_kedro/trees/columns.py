"""What trees see of a row: numbers as they are, categories by how frequent they are.

Shapes: B rows, C columns, N global ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from autofis_kedro.data.encode import CHUNK_ROWS
from autofis_kedro.data.examples import Examples, IdLists
from autofis_kedro.data.schema import OTHER, Field, Schema
from autofis_kedro.errors import UserError

Float32 = NDArray[np.float32]
MAX_INDICATORS = 100
"""Columns of a multi-hot field: its most frequent values."""


@dataclass(frozen=True)
class TreeRows:
    """The rows of one split twice: typed, for the numbers, and encoded, for everything else.

    Attributes:
        typed: columns label and the fields.
        examples: the same rows, in the same order.
    """

    typed: pl.LazyFrame
    examples: Examples

    def chunks(self) -> Iterator[tuple[pl.DataFrame, Examples]]:
        """Both, 100,000 rows at a time.

        Raises:
            UserError: the two differ in their number of rows.
        """
        start = 0
        for frame in self.typed.collect_batches(chunk_size=CHUNK_ROWS, maintain_order=True):
            yield frame, _slice(self.examples, start, start + len(frame))
            start += len(frame)
        if start != self.examples.n_rows:
            raise UserError(f"{start} typed rows and {self.examples.n_rows} encoded ones: run bucketing again")


@dataclass(frozen=True)
class TreeColumns:
    """The columns of a data set.

    A categorical field is one column that holds the rank of the row's value by frequency in the train rows, 0 the most
    frequent; a multi-hot field is a column of 0 and 1 for each of its most frequent values. Missing and unseen values
    are nan, which trees have a side for.

    Attributes:
        schema: of the data set.
        rank_N: of every global id, float32; nan for missing and unseen.
    """

    schema: Schema
    rank_N: Float32

    @classmethod
    def count(cls, schema: Schema, train: Examples) -> TreeColumns:
        """Rank the ids by how many train rows hold them."""
        counts_N = np.zeros(schema.n_ids, dtype=np.int64)
        arrays = [train.one_hot, *(lists.values for lists in train.bags.values())]
        for array in arrays:
            for start in range(0, len(array), CHUNK_ROWS):
                counts_N += np.bincount(array[start : start + CHUNK_ROWS].ravel(), minlength=schema.n_ids)
        rank_N = np.full(schema.n_ids, np.nan, dtype=np.float32)
        for start, stop in zip(schema.offsets, schema.offsets[1:], strict=False):
            order = np.argsort(-counts_N[start + OTHER : stop], kind="stable")
            rank_N[start + OTHER + order] = np.arange(len(order), dtype=np.float32)
        return cls(schema, rank_N)

    def categorical(self, max_categories: int) -> list[int]:
        """Columns of categorical fields with at most so many values; others are ordered by frequency."""
        columns, place = [], 0
        for field in self.schema.fields:
            if field.kind == "categorical" and field.size - OTHER <= max_categories:
                columns.append(place)
            place += width(field)
        return columns

    @property
    def n_columns(self) -> int:
        """C."""
        return sum(width(field) for field in self.schema.fields)

    def matrix(self, frame: pl.DataFrame, examples: Examples) -> Float32:
        """The rows as float32 [B, C]."""
        schema, found = self.schema, []
        stored = {position: column for column, position in enumerate(schema.one_hot_positions)}
        for position, field in enumerate(schema.fields):
            if field.kind == "numeric":
                found.append(frame[field.name].cast(pl.Float32).fill_null(np.nan).to_numpy()[:, None])
            elif field.kind == "categorical":
                found.append(self.rank_N.take(examples.one_hot[:, stored[position]])[:, None])
            else:
                found.append(self._indicators(examples.bags[position], width(field)))
        return np.concatenate(found, axis=1)

    def _indicators(self, lists: IdLists, n_columns: int) -> Float32:
        rows = np.repeat(np.arange(len(lists.offsets) - 1), np.diff(lists.offsets))
        rank_Z = self.rank_N.take(lists.values)
        is_shown = rank_Z < n_columns  # false for nan
        held = np.zeros((len(lists.offsets) - 1, n_columns), dtype=np.float32)
        held[rows[is_shown], rank_Z[is_shown].astype(np.int64)] = 1
        return held


def width(field: Field) -> int:
    """Columns of a field."""
    return min(field.size - OTHER, MAX_INDICATORS) if field.kind == "multi_hot" else 1


def _slice(examples: Examples, start: int, stop: int) -> Examples:
    bags = {}
    for position, lists in examples.bags.items():
        offsets = np.asarray(lists.offsets[start : stop + 1])
        bags[position] = IdLists(lists.values[offsets[0] : offsets[-1]], offsets - offsets[0])
    return Examples(examples.one_hot[start:stop], examples.labels[start:stop], bags, examples.schema_fingerprint)
