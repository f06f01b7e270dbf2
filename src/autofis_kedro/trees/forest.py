"""Boosted trees whose leaves are features.

Shapes: B rows, C columns, T trees, N global ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field as Bounded
from torch import Tensor

from autofis_kedro.config import Options
from autofis_kedro.data.schema import Schema
from autofis_kedro.errors import UserError
from autofis_kedro.trees.columns import Float32, TreeColumns

MAX_LEAVES = 1_000_000
"""Of a whole forest: each is a feature."""


class TreesConfig(Options):
    """How the trees are grown.

    Attributes:
        n_trees: at most; fewer where validation log loss no longer falls. GBDT+FFM has a field for each, and its cost
            grows with their square.
        max_depth: of a tree.
        n_leaves: of a tree at most; None is all that the depth allows.
        learning_rate: shrinkage of each tree.
        min_rows_in_leaf: train rows that a leaf holds at least.
        row_share: of the train rows that each tree sees.
        column_share: of the columns that each tree sees.
        max_categories: fields with at most so many values are split by sets of values; those with more by frequency.
            Sets tell more, and take longer to find.
        max_rows: of the train rows, drawn at random, that are held in memory to grow trees; 4 bytes per row and column.
        patience: stop after so many trees without a better validation log loss.
    """

    n_trees: int = Bounded(default=30, ge=1)
    max_depth: int = Bounded(default=6, ge=1, le=60)
    n_leaves: int | None = Bounded(default=32, ge=2)
    learning_rate: float = Bounded(default=0.2, gt=0)
    min_rows_in_leaf: int = Bounded(default=20, ge=1)
    row_share: float = Bounded(default=1.0, gt=0, le=1)
    column_share: float = Bounded(default=1.0, gt=0, le=1)
    max_categories: int = Bounded(default=10_000, ge=0)
    max_rows: int = Bounded(default=5_000_000, ge=1)
    patience: int = Bounded(default=10, ge=1)

    @property
    def leaves(self) -> int:
        """Of a tree, at most.

        Raises:
            UserError: the forest could have more leaves than can be features.
        """
        deepest: int = 2**self.max_depth
        leaves = min(self.n_leaves or deepest, deepest)
        if leaves * self.n_trees > MAX_LEAVES:
            raise UserError(
                f"trees: {self.n_trees} trees of depth {self.max_depth} have up to {leaves * self.n_trees:,} leaves, "
                f"each of which is a feature; at most {MAX_LEAVES:,}: reduce trees.max_depth, trees.n_leaves or "
                "trees.n_trees"
            )
        return leaves


@dataclass(frozen=True)
class Forest:
    """Grown trees.

    Attributes:
        text: LightGBM's own text form, which loads without executing code.
        columns: what the trees see.
    """

    text: str
    columns: TreeColumns

    @cached_property
    def _booster(self) -> Any:
        import lightgbm  # takes half a second, and most runs grow no trees

        return lightgbm.Booster(model_str=self.text)

    @cached_property
    def n_leaves_T(self) -> tuple[int, ...]:
        """Leaves of each tree."""
        return tuple(tree["num_leaves"] for tree in self._booster.dump_model()["tree_info"])

    def leaves(self, matrix_BC: Float32, *, threads: int = 0) -> NDArray[np.int32]:
        """The leaf that each row falls into in every tree, counted from 0 in each: [B, T].

        ``threads`` of 0 leaves their number to LightGBM.
        """
        found = self._booster.predict(matrix_BC, pred_leaf=True, num_threads=threads)
        leaves_BT: NDArray[np.int32] = np.asarray(found, dtype=np.int32).reshape(len(matrix_BC), len(self.n_leaves_T))
        return leaves_BT

    def tensors(self) -> dict[str, Tensor]:
        """As safetensors can hold it: ``text`` uint8, ``rank`` float32 [N]."""
        text = torch.frombuffer(bytearray(self.text.encode()), dtype=torch.uint8)
        return {"text": text, "rank": torch.from_numpy(self.columns.rank_N)}

    @classmethod
    def of_tensors(cls, tensors: Mapping[str, Tensor], schema: Schema) -> Forest:
        """What ``tensors`` gave.

        Raises:
            UserError: the trees were grown for another schema.
        """
        rank_N = tensors["rank"].numpy()
        if len(rank_N) != schema.n_ids:
            raise UserError(
                f"the trees were grown for {len(rank_N)} ids, data set '{schema.dataset}' has {schema.n_ids}: "
                "grow them again"
            )
        return cls(tensors["text"].numpy().tobytes().decode(), TreeColumns(schema, rank_N))
