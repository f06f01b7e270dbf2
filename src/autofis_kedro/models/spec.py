"""What a CTR model is made of, as data: DESIGN's "compose, don't subclass"."""

from __future__ import annotations

from typing import Literal

from pydantic import Field as Bounded
from pydantic import model_validator

from autofis_kedro.config import Frozen


class MLPSpec(Frozen):
    """The MLP layer (paper Eq. 5).

    Attributes:
        hidden: units of each hidden layer; the last layer to one logit is added.
        normalization: ``paper`` is matmul, batch norm without scale and shift, bias, relu; ``affine`` is matmul, bias,
            batch norm with scale and shift, relu (as DeepCTR and FuxiCTR do); ``none`` is matmul, bias, relu.
        dropout: share of hidden units dropped in training.
    """

    hidden: tuple[int, ...] = Bounded(default=(700,) * 5, min_length=1)
    normalization: Literal["paper", "affine", "none"] = "paper"
    dropout: float = Bounded(default=0.0, ge=0, lt=1)


class ModelSpec(Frozen):
    """One CTR model.

    Attributes:
        order: highest order of interactions; 1 is logistic regression.
        embedding_dim: size k of an embedding.
        normalize: batch norm without scale and shift on each interaction (paper Eq. 12).
        weighting: ``learned`` multiplies each interaction by its alpha (paper Eq. 10 and 15).
        mlp: an MLP over the concatenated embeddings, its logit added (paper Eq. 7).
        pooling: how the embeddings of a multi-hot field become one (paper Eq. 1).
        initial: ``paper`` is uniform(+-sqrt(6 / number of weights of the table)); ``normal`` is normal(0, initial_std),
            as peers use.
        initial_std: standard deviation for ``normal``.
    """

    order: Literal[1, 2] = 2
    embedding_dim: int = Bounded(default=40, ge=1)
    normalize: bool = False
    weighting: Literal["none", "learned"] = "none"
    mlp: MLPSpec | None = None
    pooling: Literal["mean", "sum"] = "mean"
    initial: Literal["paper", "normal"] = "paper"
    initial_std: float = Bounded(default=1e-4, gt=0)

    @model_validator(mode="after")
    def _first_order_has_no_interactions(self) -> ModelSpec:
        if self.order == 1 and (self.normalize or self.weighting != "none"):
            raise ValueError("order 1 has no interactions to normalize or weight; set order: 2")
        return self

    @property
    def has_embeddings(self) -> bool:
        """Whether the model has vectors beside the linear weights."""
        return self.order > 1 or self.mlp is not None
