"""Leaves appended to encoded examples as further fields, so that any model can be trained over them.

Shapes: B rows, O one-hot fields, T trees.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.examples_folder import ExamplesWriter
from autofis_kedro.data.schema import N_SPECIAL, Field, Schema
from autofis_kedro.trees.columns import TreeRows
from autofis_kedro.trees.forest import Forest


def leaf_schema(schema: Schema, forest: Forest) -> Schema:
    """The schema with a categorical field ``tree_<n>`` per tree, its leaves the values.

    Where the data set has a field of such a name, the trees' begin with ``leaf_of_``.
    """
    prefix = "tree_"
    while any(f"{prefix}{number}" in schema.names for number in range(1, len(forest.n_leaves_T) + 1)):
        prefix = f"leaf_of_{prefix}"
    trees = [
        Field(name=f"{prefix}{number}", kind="categorical", size=N_SPECIAL + leaves)
        for number, leaves in enumerate(forest.n_leaves_T, 1)
    ]
    return Schema(dataset=schema.dataset, fields=(*schema.fields, *trees))


def append_leaves(frame: pl.DataFrame, examples: Examples, forest: Forest, schema: Schema) -> Examples:
    """Rows with their leaves; ``schema`` is ``leaf_schema``'s."""
    leaves_BT = forest.leaves(forest.columns.matrix(frame, examples))
    first_T = np.array(schema.offsets[-1 - leaves_BT.shape[1] : -1], dtype=np.int32) + N_SPECIAL
    one_hot = np.concatenate([examples.one_hot, leaves_BT + first_T], axis=1)
    special = {**examples.special, **{field.name: (0, 0, 0) for field in schema.fields[-leaves_BT.shape[1] :]}}
    special = special if examples.special else {}
    return replace(examples, one_hot=one_hot, schema_fingerprint=schema.fingerprint, special=special)


@dataclass(frozen=True)
class LeafRows:
    """Rows and the forest whose leaves are appended: a recipe, carried out while it is written.

    Attributes:
        rows: of one split.
        forest: grown on train rows.
        schema: ``leaf_schema``'s.
    """

    rows: TreeRows
    forest: Forest
    schema: Schema

    def write(self, folder: Path) -> None:
        """Write the examples folder, atomically, in bounded memory."""
        with ExamplesWriter(folder, self.schema) as writer:
            for frame, examples in self.rows.chunks():
                writer.append(append_leaves(frame, examples, self.forest, self.schema))
