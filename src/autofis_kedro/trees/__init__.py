"""Gradient boosted trees as a source of features: GBDT+LR (He et al. 2014) and GBDT+FFM (Juan et al. 2014)."""

from autofis_kedro.trees.columns import TreeRows
from autofis_kedro.trees.forest import Forest, TreesConfig
from autofis_kedro.trees.grow import grow
from autofis_kedro.trees.leaf_examples import LeafRows, append_leaves, leaf_schema
from autofis_kedro.trees.leaf_regression import LeafRegressionConfig, fit_leaf_regression

__all__ = [
    "Forest",
    "LeafRegressionConfig",
    "LeafRows",
    "TreeRows",
    "TreesConfig",
    "append_leaves",
    "fit_leaf_regression",
    "grow",
    "leaf_schema",
]
