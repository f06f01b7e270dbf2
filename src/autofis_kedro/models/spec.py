"""What a CTR model is made of, as data: DESIGN's "compose, don't subclass"."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field as Bounded
from pydantic import model_validator

from autofis_kedro.config import Options


class MLPSpec(Options):
    """The MLP layer (paper Eq. 5).

    Attributes:
        hidden: units of each hidden layer; the last layer to one logit is added.
        normalization: ``paper`` is matmul, batch norm without scale and shift, bias, relu; ``affine`` is matmul, bias,
            batch norm with scale and shift, relu (as DeepCTR and FuxiCTR do); ``layer`` is ``paper`` with layer norm;
            ``none`` is matmul, bias, relu.
        dropout: share of hidden units dropped in training.
    """

    hidden: tuple[Annotated[int, Bounded(ge=1, le=65_536)], ...] = Bounded(
        default=(700,) * 5, min_length=1, max_length=100
    )
    normalization: Literal["paper", "affine", "layer", "none"] = "paper"
    dropout: float = Bounded(default=0.0, ge=0, lt=1)


class AttentionSpec(Options):
    """The attention network of AFM (Xiao et al. 2017, Eq. 5 and 6).

    Attributes:
        size: units of its hidden layer.
        temperature: of the softmax over interactions.
        dropout: share of the pooled vector that is dropped in training.
        weight_dropout: share of the attention weights that is dropped in training.
    """

    size: int = Bounded(default=64, ge=1)
    temperature: float = Bounded(default=1.0, gt=0)
    dropout: float = Bounded(default=0.0, ge=0, lt=1)
    weight_dropout: float = Bounded(default=0.0, ge=0, lt=1)


class PairNetworkSpec(Options):
    """The small network that PIN has for every pair (Qu et al. 2018, sec. 4.3).

    Attributes:
        hidden: units of its hidden layer, with layer norm and relu.
        out: numbers that it hands to the MLP.
    """

    hidden: int = Bounded(default=40, ge=1)
    out: int = Bounded(default=5, ge=1)


class ModelSpec(Options):
    """One CTR model.

    Attributes:
        order: highest order of interactions; 1 is logistic regression.
        embedding_dim: size k of an embedding.
        linear: whether the logit has a linear part (IPNN and PIN have none).
        linear_form: ``weights`` is <w, x>, a weight per id; ``field_vectors`` is the sum of <w_F(i), e_i>, a vector per
            field (FwFM's linear part of the fewest weights, Pan et al. 2018, sec. 3.3).
        field_aware: FFM: an id has a vector of size k for each other field (Juan et al. 2016).
        normalize: batch norm without scale and shift on each interaction (paper Eq. 12).
        weighting: ``learned`` multiplies each interaction by its alpha (paper Eq. 10 and 15; FwFM without gates);
            ``attention`` is AFM's.
        alpha_initial: middle of the range of 0.002 that alpha starts from.
        attention: for ``weighting: attention``.
        feeds: where the interactions go: to the ``logit`` (Eq. 3 and 7), or beside the embeddings into the ``mlp``
            (IPNN, Eq. 8).
        pair_network: PIN: a small network per pair in place of the inner product.
        triple_table: whether third-order interactions have embeddings of their own (as in the authors' program).
        mlp: an MLP over the concatenated embeddings, its logit added (paper Eq. 7).
        pooling: how the embeddings of a multi-hot field become one (paper Eq. 1).
        initial: ``paper`` is uniform(+-sqrt(6 / number of weights of the table)); ``normal`` is normal(0, initial_std),
            as peers use.
        initial_std: standard deviation for ``normal``.
    """

    order: Literal[1, 2, 3] = 2
    embedding_dim: int = Bounded(default=40, ge=1, le=65_536)
    linear: bool = True
    linear_form: Literal["weights", "field_vectors"] = "weights"
    field_aware: bool = False
    normalize: bool = False
    weighting: Literal["none", "learned", "attention"] = "none"
    alpha_initial: float = 0.6
    attention: AttentionSpec = AttentionSpec()
    feeds: Literal["logit", "mlp"] = "logit"
    pair_network: PairNetworkSpec | None = None
    triple_table: Literal["separate", "shared"] = "separate"
    mlp: MLPSpec | None = None
    pooling: Literal["mean", "sum"] = "mean"
    initial: Literal["paper", "normal"] = "paper"
    initial_std: float = Bounded(default=1e-4, gt=0)

    @model_validator(mode="after")
    def _parts_fit(self) -> ModelSpec:
        for is_wrong, message in self._mistakes():
            if is_wrong:
                raise ValueError(message)
        return self

    def _mistakes(self) -> tuple[tuple[bool, str], ...]:
        is_attention = self.weighting == "attention"
        is_plain = not (self.normalize or self.weighting != "none")
        return (
            (self.order == 1 and not is_plain, "order 1 has no interactions to normalize or weight; set order: 2"),
            (self.order == 1 and self.feeds == "mlp", "order 1 has no interactions to feed to the MLP; set order: 2"),
            (self.feeds == "mlp" and self.mlp is None, "feeds: mlp needs an mlp"),
            (
                is_attention and (self.normalize or self.order == 3),
                "weighting: attention is of order 2 without normalize",
            ),
            (is_attention and self.feeds == "mlp", "weighting: attention feeds the logit"),
            (self.field_aware and self.order != 2, "field_aware is of order 2"),
            (self.field_aware and self.mlp is not None, "field_aware has no mlp"),
            (self.field_aware and is_attention, "field_aware has no attention"),
            (self.pair_network is not None and self.feeds != "mlp", "a pair_network feeds the MLP; set feeds: mlp"),
            (self.pair_network is not None and not is_plain, "a pair_network has no normalize and no weighting"),
            (not self.linear and self.mlp is None, "a model without linear part needs an mlp"),
            (
                self.linear_form == "field_vectors" and (self.order == 1 or self.field_aware or not self.linear),
                "linear_form: field_vectors needs linear: true and one embedding per id: order 2 or 3, not field_aware",
            ),
        )

    def of_order(self, order: Literal[1, 2, 3]) -> ModelSpec:
        """The same over interactions of another highest order; of order 1 what is left without any."""
        changes: dict[str, object] = {"order": order}
        if order == 1:
            plain = {"normalize": False, "weighting": "none", "feeds": "logit", "pair_network": None}
            changes |= plain | {"field_aware": False, "linear": True, "linear_form": "weights"}
        return ModelSpec.model_validate(self.model_dump() | changes)

    @property
    def has_embeddings(self) -> bool:
        """Whether the model has vectors beside the linear weights."""
        return self.order > 1 or self.mlp is not None
