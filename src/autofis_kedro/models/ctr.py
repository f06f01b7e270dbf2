"""The one CTR model, composed from a spec, a schema and a selection.

Shapes: B rows, F fields, K embedding size.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from autofis_kedro.data.batches import Batch
from autofis_kedro.data.schema import Schema
from autofis_kedro.errors import UserError
from autofis_kedro.models.attention import AttentionInteractions
from autofis_kedro.models.distinct_rows import DistinctRows
from autofis_kedro.models.embeddings import FieldTable, lend_to_untrained
from autofis_kedro.models.field_aware import FieldAwareInteractions
from autofis_kedro.models.initial import set_initial_values
from autofis_kedro.models.interactions import IdLogits, Interactions, PairInteractions, TripleInteractions
from autofis_kedro.models.linear import sum_of_weights
from autofis_kedro.models.mlp import MLP
from autofis_kedro.models.pair_networks import PairNetworks
from autofis_kedro.models.spec import ModelSpec

Tuples = tuple[tuple[int, ...], ...]


class CTRModel(nn.Module):
    """LR, FM, FwFM, AFM, FFM, DeepFM, IPNN, PIN, AutoFM, AutoDeepFM and their third order: whatever the spec names.

    The logit is ``<w, x> + b + sum alpha_ij norm(<e_i, e_j>) + MLP(E)`` (paper Eq. 3, 7, 10, 12 and 15), in third order
    with the sum over triples, or ``MLP([E, interactions])`` (Eq. 8). Like the authors' program, a model with an MLP has
    no bias b: the MLP's last layer has one.

    Args:
        spec: what the model is made of.
        schema: fields and sizes.
        pairs: the second-order interactions, as pairs of field positions; all pairs if not given.
        triples: the third-order interactions of a model of order 3; all triples if not given.
        seed: of the initial values.

    Attributes:
        kept: its pairs and its triples.

    Raises:
        UserError: the spec asks for interactions and there are none, or the data set has too few fields.
    """

    def __init__(
        self,
        spec: ModelSpec,
        schema: Schema,
        pairs: Tuples | None = None,
        triples: Tuples | None = None,
        *,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.spec = spec
        self.schema = schema
        self.kept = pairs, triples = _kept(spec, schema, pairs, triples)
        size = spec.embedding_dim
        has_weights = spec.linear and spec.linear_form == "weights"
        has_field_vectors = spec.linear and spec.linear_form == "field_vectors"
        self.linear = FieldTable(schema, 1, spec.pooling) if has_weights else None
        self.field_vectors_FK = nn.Parameter(torch.empty(schema.n_fields, size)) if has_field_vectors else None
        width = size * schema.n_fields if spec.field_aware else size
        self.embedding = FieldTable(schema, width, spec.pooling) if spec.has_embeddings else None
        has_own = bool(triples) and spec.triple_table == "separate"
        self.triple_embedding = FieldTable(schema, size, spec.pooling) if has_own else None
        self.bias = nn.Parameter(torch.zeros(1)) if spec.mlp is None else None
        self.interactions = _pair_module(spec, schema, pairs) if pairs else None
        self.triples = TripleInteractions(triples, schema.n_fields, **_weighing(spec)) if triples else None
        self.mlp = MLP(schema.n_fields * size + _n_fed(spec, pairs, triples), spec.mlp) if spec.mlp else None
        set_initial_values(self, spec, torch.Generator().manual_seed(seed))

    def forward(self, batch: Batch) -> Tensor:
        """Logits: [B]."""
        logit_B = torch.zeros_like(batch.labels_B)
        if self.linear is not None:
            logit_B = sum_of_weights(self.linear, batch)
        if self.bias is not None:
            logit_B = logit_B + self.bias
        if self.embedding is None:
            return logit_B
        if isinstance(self.interactions, FieldAwareInteractions):  # FFM has nothing else that reads its vectors
            pairs_B: Tensor = self.interactions((self.embedding, batch))
            return logit_B + pairs_B
        rows = self.mlp.rows_to_share(self.embedding, batch) if self.mlp is not None else None
        alone = self._pairs_alone(rows)
        if alone is not None and alone.reads_in_place(self.embedding, with_vectors=self.field_vectors_FK is not None):
            logit_B = logit_B + alone.of_table(self.embedding, batch, self.field_vectors_FK)
            return logit_B if self.mlp is None or rows is None else logit_B + self.mlp(rows)
        return self._with_vectors(logit_B, self.embedding(batch), batch, rows)

    def _with_vectors(self, logit_B: Tensor, e_BFK: Tensor, batch: Batch, rows: DistinctRows | None) -> Tensor:
        """The logit, with what is computed from the embeddings added."""
        pairs = self.interactions
        has_others = self.mlp is not None or self.triples is not None
        if self.spec.feeds == "logit" and isinstance(pairs, PairInteractions) and has_others:
            pairs_B, e_BFK = pairs.beside(e_BFK)
            logit_B, pairs = logit_B + pairs_B, None
        if self.field_vectors_FK is not None:
            logit_B = logit_B + e_BFK.flatten(1) @ self.field_vectors_FK.flatten()
        own_BFK = self.triple_embedding(batch) if self.triple_embedding is not None else e_BFK
        parts: list[tuple[Any, Tensor]] = [(pairs, e_BFK), (self.triples, own_BFK)]
        fed = []
        for interactions, vectors in parts:
            if interactions is not None and self.spec.feeds == "mlp":
                fed.append(interactions.values(vectors))
            elif interactions is not None:
                logit_B = logit_B + interactions(vectors)
        return logit_B if self.mlp is None else logit_B + self.mlp(e_BFK.flatten(1) if rows is None else rows, fed)

    def logits_of_ids(self) -> IdLogits | None:
        """From ids [B, F] to logits [B], compiled, as long as no weight changes: of a linear part and pairs.

        None of other models, of multi-hot fields and where nothing is compiled.
        """
        pairs, embedding, linear, bias = self._pairs_alone(None), self.embedding, self.linear, self.bias
        if pairs is None or embedding is None or linear is None or bias is None or self.schema.multi_hot_positions:
            return None
        return pairs.logits_of_ids(embedding.weight, linear.weight, bias)

    def _pairs_alone(self, rows: DistinctRows | None) -> PairInteractions | None:
        """The pairs' part, if nothing but it, a linear part and an MLP of table rows reads the embeddings."""
        is_alone = self.triples is None and (self.mlp is None or (rows is not None and self.spec.feeds == "logit"))
        return self.interactions if is_alone and isinstance(self.interactions, PairInteractions) else None

    @property
    def tables(self) -> list[FieldTable]:
        """The tables over the global id space."""
        return [table for table in (self.linear, self.embedding, self.triple_embedding) if table is not None]

    @property
    def all_gates(self) -> list[nn.Parameter]:
        """Alpha of the pairs and of the triples, where the model has them."""
        parts = (self.interactions, self.triples)
        return [part.alpha_P for part in parts if isinstance(part, Interactions) and part.alpha_P is not None]

    @property
    def gates(self) -> nn.Parameter:
        """Alpha of the pairs, one per interaction: [P].

        Raises:
            UserError: the spec has no learned weighting.
        """
        if not isinstance(self.interactions, Interactions) or self.interactions.alpha_P is None:
            raise UserError("the model has no gates: set weighting: learned")
        return self.interactions.alpha_P

    def lend_to_untrained(self) -> None:
        """Give ids that no train row holds the vectors of their field's rare values."""
        for table in self.tables:
            lend_to_untrained(table, self.schema)

    def n_parameters(self) -> int:
        """Number of trained weights."""
        return sum(weight.numel() for weight in self.parameters())


def _kept(spec: ModelSpec, schema: Schema, pairs: Tuples | None, triples: Tuples | None) -> tuple[Tuples, Tuples]:
    """The pairs and triples of the model, none of an order that it does not have."""
    if spec.order > schema.n_fields:
        raise UserError(
            f"order {spec.order} needs {spec.order} fields: data set '{schema.dataset}' has {schema.n_fields}"
        )
    pairs = () if spec.order < 2 else schema.tuples(2) if pairs is None else pairs
    triples = () if spec.order < 3 else schema.tuples(3) if triples is None else triples
    if spec.order > 1 and not pairs and not triples:
        raise UserError(f"the model has order {spec.order} and no interaction: keep at least one, or use order 1 (lr)")
    return pairs, triples


def _weighing(spec: ModelSpec) -> dict[str, bool]:
    return {"normalize": spec.normalize, "weighted": spec.weighting == "learned"}


def _pair_module(
    spec: ModelSpec, schema: Schema, pairs: Tuples
) -> Interactions[Any] | AttentionInteractions | PairNetworks:
    if spec.weighting == "attention":
        return AttentionInteractions(pairs, spec.embedding_dim, spec.attention)
    if spec.pair_network is not None:
        return PairNetworks(pairs, spec.embedding_dim, spec.pair_network)
    if spec.field_aware:
        return FieldAwareInteractions(pairs, **_weighing(spec))
    return PairInteractions(pairs, schema.n_fields, **_weighing(spec))


def _n_fed(spec: ModelSpec, pairs: Tuples, triples: Tuples) -> int:
    """Numbers that the interactions hand to the MLP."""
    if spec.feeds == "logit":
        return 0
    return len(pairs) * (spec.pair_network.out if spec.pair_network else 1) + len(triples)
