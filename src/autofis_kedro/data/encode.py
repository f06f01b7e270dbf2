"""From typed rows to global ids, chunk by chunk in bounded memory.

Shapes: B rows of a chunk, O one-hot fields, Z ids of one multi-hot field in the chunk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from autofis_kedro.data.bucketing import BucketTable
from autofis_kedro.data.equality import canonical
from autofis_kedro.data.examples import Examples, IdLists
from autofis_kedro.data.examples_folder import ExamplesWriter
from autofis_kedro.data.hash_index import HashIndex
from autofis_kedro.data.names import LABEL
from autofis_kedro.data.schema import MISSING, N_SPECIAL, UNSEEN, Schema
from autofis_kedro.data.vocabulary import FieldVocabulary, Vocabularies
from autofis_kedro.errors import UserError

CHUNK_ROWS = 100_000
MAX_THREADS = 4  # each holds a chunk; four encode faster than a disk reads

Int32 = NDArray[np.int32]
LocalIds = Callable[[pl.Series], Int32]


@dataclass(frozen=True)
class EncodedRows:
    """Typed rows and their encoder: a recipe, carried out while it is written, so that the rows are never in
    memory at once.

    Attributes:
        rows: typed rows.
        encoder: of vocabularies that were fitted on the train rows.
        what: the name of the split, for messages.
    """

    rows: pl.LazyFrame
    encoder: Encoder
    what: str = "rows"

    def write(self, folder: Path) -> None:
        """Write the examples folder, atomically.

        Raises:
            UserError: no rows, a constant label, or a missing column.
        """
        with ExamplesWriter(folder, self.encoder.schema) as writer:
            for chunk in self.encoder.chunks(self.rows, self.what):
                writer.append(chunk)
            check_labels(writer.n_rows, writer.positives, self.what)

    def collect(self) -> Examples:
        """The examples in memory.

        Raises:
            UserError: as :meth:`write`.
        """
        chunks = list(self.encoder.chunks(self.rows, self.what))
        positives = sum(int(chunk.labels.sum()) for chunk in chunks)
        check_labels(sum(chunk.n_rows for chunk in chunks), positives, self.what)
        return concatenate(chunks, self.encoder.schema)


def encode(
    rows: pl.LazyFrame, vocabularies: Vocabularies, schema: Schema, folder: Path, what: str = "rows"
) -> Examples:
    """Encode rows into an examples folder and open it.

    Raises:
        UserError: no rows, a constant label, or a missing column.
    """
    EncodedRows(rows, Encoder(vocabularies, schema), what).write(folder)
    return Examples.open(folder, schema)


def check_labels(n_rows: int, positives: int, what: str) -> None:
    """Check that a split can be learned from and scored.

    Raises:
        UserError: names the split.
    """
    if n_rows == 0:
        raise UserError(f"{what}: no rows; check the split")
    if positives in (0, n_rows):
        raise UserError(f"{what}: the label is {min(positives, 1)} in all {n_rows} rows; a split needs both 0 and 1")


class Encoder:
    """Encodes chunks of typed rows.

    Attributes:
        schema: of the vocabularies.
    """

    def __init__(self, vocabularies: Vocabularies, schema: Schema) -> None:
        fields = list(vocabularies)
        if [(f.name, f.kind, f.size) for f in fields] != [(f.name, f.kind, f.size) for f in schema.fields]:
            raise UserError(f"the vocabularies do not fit schema '{schema.dataset}'; run bucketing again")
        self.schema = schema
        self._local_ids = [local_ids(field) for field in fields]

    def chunks(self, rows: pl.LazyFrame, what: str) -> Iterator[Examples]:
        """Encoded chunks in row order.

        Raises:
            UserError: a missing column.
        """
        absent = {LABEL, *self.schema.names} - set(rows.collect_schema().names())
        if absent:
            raise UserError(f"{what}: no column for: {', '.join(sorted(absent))}")
        rows = rows.select(LABEL, *self.schema.names)
        n_threads = min(pl.thread_pool_size(), MAX_THREADS)
        started: deque[Future[Examples]] = deque()
        with ThreadPoolExecutor(n_threads) as threads:
            for frame in rows.collect_batches(chunk_size=CHUNK_ROWS, maintain_order=True):
                started.append(threads.submit(self.encode, frame))
                if len(started) > n_threads:  # as many chunks in memory as threads, and one
                    yield started.popleft().result()
            while started:
                yield started.popleft().result()

    def encode(self, frame: pl.DataFrame) -> Examples:
        """One chunk of typed rows."""
        schema = self.schema
        special: dict[str, tuple[int, int, int]] = {}
        # Filled field by field and turned at the end: writing columns of [B, O] would be three times slower.
        ids_OB = np.empty((len(schema.one_hot_positions), len(frame)), dtype=np.int32)

        for column, position in enumerate(schema.one_hot_positions):
            name = schema.names[position]
            ids = self._local_ids[position](frame[name])
            special[name] = count_special(ids)
            np.add(ids, schema.offsets[position], out=ids_OB[column])
        bags = {}
        for position in schema.multi_hot_positions:
            name = schema.names[position]
            ids, offsets = self._lists(frame[name], position)
            special[name] = count_special(ids)
            bags[position] = IdLists(ids + np.int32(schema.offsets[position]), offsets)
        labels = frame[LABEL].cast(pl.UInt8).to_numpy()
        return Examples(np.ascontiguousarray(ids_OB.T), labels, bags, schema.fingerprint, special)

    def _lists(self, cells: pl.Series, position: int) -> tuple[Int32, NDArray[np.int64]]:
        """Local ids and row offsets of a multi-hot column.

        Ids ascend within a row and do not repeat: a multi-hot vector holds 0 or 1 (Eq. 1). An empty cell is
        one MISSING.
        """
        size = self.schema.fields[position].size
        lists = cells.list.drop_nulls()
        lengths = lists.list.len().fill_null(0).to_numpy()
        flat = lists.filter(lengths > 0).explode()
        owners = np.repeat(np.arange(len(cells)), lengths)
        empty = np.flatnonzero(lengths == 0)
        keys = np.unique(np.concatenate([owners * size + self._local_ids[position](flat), empty * size + MISSING]))
        counts = np.bincount(keys // size, minlength=len(cells))
        return (keys % size).astype(np.int32), np.concatenate([[0], np.cumsum(counts)])


def count_special(local_ids: Int32) -> tuple[int, int, int]:
    """How many ids are missing, unseen and other."""
    missing, unseen, other = (int(np.count_nonzero(local_ids == special)) for special in range(N_SPECIAL))
    return missing, unseen, other


def local_ids(vocabulary: FieldVocabulary) -> LocalIds:
    """The function from a column (for a multi-hot field: its values) to local ids."""
    return _numeric_ids(vocabulary) if vocabulary.kind == "numeric" else _text_ids(vocabulary)


def _numeric_ids(vocabulary: FieldVocabulary) -> LocalIds:
    table, bucket_ids = BucketTable(vocabulary.edges), vocabulary.listed["id"].to_numpy()

    def ids(column: pl.Series) -> Int32:
        found = bucket_ids.take(table.find(column.fill_null(0.0).to_numpy()))
        if column.null_count():
            found[column.is_null().to_numpy()] = MISSING
        return found

    return ids


def _text_ids(vocabulary: FieldVocabulary) -> LocalIds:
    listed = vocabulary.listed
    index = HashIndex(listed["value"], listed["id"].to_numpy(), UNSEEN)
    equal_as = vocabulary.equal_as

    def ids(column: pl.Series) -> Int32:
        found = index.find(column)
        if equal_as != "text":  # what is found as it stands is canonical; only the others are looked up again
            again = np.flatnonzero(found == UNSEEN)
            others = column.gather(again).to_frame("other").select(canonical(pl.col("other"), equal_as))
            found[again] = index.find(others.to_series())
        if column.null_count():
            found[column.is_null().to_numpy()] = MISSING
        return found

    return ids


def concatenate(chunks: list[Examples], schema: Schema) -> Examples:
    """Encoded chunks joined in order."""
    bags = {}
    for position in schema.multi_hot_positions:
        lists = [chunk.bags[position] for chunk in chunks]
        lengths = np.concatenate([np.diff(one.offsets) for one in lists])
        values = np.concatenate([one.values for one in lists])
        bags[position] = IdLists(values, np.concatenate([[0], np.cumsum(lengths)]))
    special = {}
    for name in schema.names:
        missing, unseen, other = np.sum([chunk.special[name] for chunk in chunks], axis=0).tolist()
        special[name] = (missing, unseen, other)
    one_hot = np.concatenate([chunk.one_hot for chunk in chunks])
    labels = np.concatenate([chunk.labels for chunk in chunks])
    return Examples(one_hot, labels, bags, schema.fingerprint, special)
