"""FuxiCTR's models, for the peers' environment (``make bench-env``).

The distributed package leaves its ranking models out, so they are put together here from FuxiCTR's own layers, as their
papers have them.

Shapes: B rows, F fields, P pairs, K embedding.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import torch
from fuxictr.features import FeatureMap
from fuxictr.pytorch.layers import (
    FactorizationMachine,
    FeatureEmbedding,
    InnerProductInteraction,
    LogisticRegression,
    MLP_Block,
)
from fuxictr.pytorch.models import BaseModel
from torch import Tensor, nn


class PairWeights(nn.Module):  # type: ignore[misc]
    """FwFM: a vector for each field (FuxiCTR's linear_type FiLV) and a weight for each pair's inner product."""

    def __init__(self, features: FeatureMap, setting: dict[str, Any]) -> None:
        super().__init__()
        self.embedding = FeatureEmbedding(features, setting["size"])
        self.linear = nn.Linear(features.num_fields * setting["size"], 1, bias=False)
        self.products = InnerProductInteraction(features.num_fields, output="inner_product")
        self.weights = nn.Linear(self.products.interaction_units, 1)

    def forward(self, ids: dict[str, Tensor]) -> Tensor:
        embedding_BFK = self.embedding(ids)
        return self.weights(self.products(embedding_BFK)) + self.linear(embedding_BFK.flatten(1))


class Attention(nn.Module):  # type: ignore[misc]
    """AFM: attention over the pairs' products."""

    def __init__(self, features: FeatureMap, setting: dict[str, Any]) -> None:
        super().__init__()
        size, hidden = setting["size"], setting["attention"]
        self.embedding = FeatureEmbedding(features, size)
        self.linear = LogisticRegression(features, use_bias=True)
        self.products = InnerProductInteraction(features.num_fields, output="elementwise_product")
        self.score = nn.Sequential(
            nn.Linear(size, hidden), nn.ReLU(), nn.Linear(hidden, 1, bias=False), nn.Softmax(dim=1)
        )
        self.drop_scores, self.drop_sum = nn.Dropout(setting["dropout"]), nn.Dropout(setting["dropout"])
        self.weights = nn.Linear(size, 1, bias=False)

    def forward(self, ids: dict[str, Tensor]) -> Tensor:
        products_BPK = self.products(self.embedding(ids))
        sum_BK = (self.drop_scores(self.score(products_BPK)) * products_BPK).sum(1)
        return self.weights(self.drop_sum(sum_BK)) + self.linear(ids)


class FieldAware(nn.Module):  # type: ignore[misc]
    """FFM: an embedding of each id for each other field."""

    def __init__(self, features: FeatureMap, setting: dict[str, Any]) -> None:
        super().__init__()
        self.n_fields = features.num_fields
        self.linear = LogisticRegression(features, use_bias=True)
        self.embeddings = nn.ModuleList(FeatureEmbedding(features, setting["size"]) for _ in range(self.n_fields - 1))

    def forward(self, ids: dict[str, Tensor]) -> Tensor:
        tables_BFTK = torch.stack([embedding(ids) for embedding in self.embeddings], dim=2)
        first, second = torch.triu_indices(self.n_fields, self.n_fields, 1)
        # field i's table for a later field j is j - 1, field j's for an earlier i is i: each other field has its own
        pairs_BPK = tables_BFTK[:, first, second - 1] * tables_BFTK[:, second, first]
        return pairs_BPK.sum((1, 2)).unsqueeze(1) + self.linear(ids)


class Deep(nn.Module):  # type: ignore[misc]
    """DeepFM."""

    def __init__(self, features: FeatureMap, setting: dict[str, Any]) -> None:
        super().__init__()
        self.embedding = FeatureEmbedding(features, setting["size"])
        self.fm = FactorizationMachine(features)
        self.mlp = _mlp(features.num_fields * setting["size"], setting)

    def forward(self, ids: dict[str, Tensor]) -> Tensor:
        embedding_BFK = self.embedding(ids)
        return self.fm(ids, embedding_BFK) + self.mlp(embedding_BFK.flatten(1))


class InnerProducts(nn.Module):  # type: ignore[misc]
    """PNN with inner products (IPNN)."""

    def __init__(self, features: FeatureMap, setting: dict[str, Any]) -> None:
        super().__init__()
        self.embedding = FeatureEmbedding(features, setting["size"])
        self.products = InnerProductInteraction(features.num_fields, output="inner_product")
        self.mlp = _mlp(features.num_fields * setting["size"] + self.products.interaction_units, setting)

    def forward(self, ids: dict[str, Tensor]) -> Tensor:
        embedding_BFK = self.embedding(ids)
        return self.mlp(torch.cat([embedding_BFK.flatten(1), self.products(embedding_BFK)], dim=1))


class PlainFM(nn.Module):  # type: ignore[misc]
    """FM."""

    def __init__(self, features: FeatureMap, setting: dict[str, Any]) -> None:
        super().__init__()
        self.embedding = FeatureEmbedding(features, setting["size"])
        self.fm = FactorizationMachine(features)

    def forward(self, ids: dict[str, Tensor]) -> Tensor:
        return self.fm(ids, self.embedding(ids))


MODELS: dict[str, type[nn.Module]] = {
    "fm": PlainFM,
    "fwfm": PairWeights,
    "afm": Attention,
    "ffm": FieldAware,
    "deepfm": Deep,
    "ipnn": InnerProducts,
}


def _mlp(width: int, setting: dict[str, Any]) -> MLP_Block:
    return MLP_Block(
        width,
        list(setting["hidden"]),
        output_dim=1,
        dropout_rates=setting["dropout"],
        batch_norm=setting["batch_norm"],
    )


class Peer(BaseModel):  # type: ignore[misc]
    """One of the models with FuxiCTR's training around it."""

    def __init__(self, features: FeatureMap, setting: dict[str, Any], folder: str) -> None:
        super().__init__(
            features,
            model_id=setting["model"],
            model_root=folder,
            metrics=["AUC", "logloss"],
            monitor="AUC",
            monitor_mode="max",
            early_stop_patience=setting["patience"],
            embedding_regularizer=setting["l2_embedding"] or None,
            net_regularizer=setting["l2_net"] or None,
            verbose=0,
        )
        self.network = MODELS[setting["model"]](features, setting)
        self.compile("adam", "binary_crossentropy", lr=setting["learning_rate"])
        self.reset_parameters()
        self.model_to_device()

    def forward(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"y_pred": self.output_activation(self.network(self.get_inputs(inputs)))}

    def regularization_loss(self) -> Tensor | int:
        """FuxiCTR's own does not accept one regularizer alone."""
        self._embedding_regularizer = self._embedding_regularizer or 0.0
        self._net_regularizer = self._net_regularizer or 0.0
        return super().regularization_loss()


def feature_map(sizes: Sequence[int]) -> FeatureMap:
    """Fields ``field_0``, ``field_1``, ... of these sizes."""
    features = FeatureMap("benchmark", data_dir=".")
    features.features = OrderedDict(
        (f"field_{i}", {"type": "categorical", "source": "", "vocab_size": size}) for i, size in enumerate(sizes)
    )
    features.labels = ["label"]
    features.num_fields = features.get_num_fields()
    features.set_column_index()
    return features
