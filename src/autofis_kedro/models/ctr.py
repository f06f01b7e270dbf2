"""The one CTR model, composed from a spec, a schema and a selection.

Shapes: B rows, F fields, K embedding size.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from autofis_kedro.data.batches import Batch
from autofis_kedro.data.schema import Schema
from autofis_kedro.errors import UserError
from autofis_kedro.models.embeddings import FieldTable, lend_to_untrained
from autofis_kedro.models.initial import set_initial_values
from autofis_kedro.models.interactions import PairInteractions
from autofis_kedro.models.mlp import MLP
from autofis_kedro.models.spec import ModelSpec


class CTRModel(nn.Module):
    """LR, FM, DeepFM, AutoFM and AutoDeepFM: linear + interactions + MLP, whichever the spec names.

    The logit is ``<w, x> + b + sum alpha_ij norm(<e_i, e_j>) + MLP(E)`` (paper Eq. 3, 7, 10, 12 and 15). Like the
    authors' program, a model with an MLP has no bias b: the MLP's last layer has one.

    Args:
        spec: what the model is made of.
        schema: fields and sizes.
        pairs: the interactions, as pairs of field positions; all pairs if not given.
        seed: of the initial values.

    Raises:
        UserError: the spec asks for interactions and there are none.
    """

    def __init__(
        self, spec: ModelSpec, schema: Schema, pairs: tuple[tuple[int, ...], ...] | None = None, *, seed: int = 0
    ) -> None:
        super().__init__()
        self.spec = spec
        self.schema = schema
        kept = schema.tuples(2) if pairs is None else pairs
        if spec.order > 1 and not kept:
            raise UserError("the model has order 2 and no interaction: keep at least one pair, or use order 1 (lr)")
        self.linear = FieldTable(schema, 1, spec.pooling)
        self.embedding = FieldTable(schema, spec.embedding_dim, spec.pooling) if spec.has_embeddings else None
        self.bias = nn.Parameter(torch.zeros(1)) if spec.mlp is None else None
        self.interactions = self._interactions(kept) if spec.order > 1 else None
        self.mlp = MLP(schema.n_fields * spec.embedding_dim, spec.mlp) if spec.mlp else None
        set_initial_values(self, spec, torch.Generator().manual_seed(seed))

    def _interactions(self, pairs: tuple[tuple[int, ...], ...]) -> PairInteractions:
        weighted = self.spec.weighting == "learned"
        return PairInteractions(pairs, self.schema.n_fields, normalize=self.spec.normalize, weighted=weighted)

    def forward(self, batch: Batch) -> Tensor:
        """Logits: [B]."""
        logit_B: Tensor = self.linear(batch).sum((1, 2))
        if self.bias is not None:
            logit_B = logit_B + self.bias
        if self.embedding is None:
            return logit_B
        e_BFK = self.embedding(batch)
        if self.interactions is not None:
            logit_B = logit_B + self.interactions(e_BFK)
        if self.mlp is not None:
            logit_B = logit_B + self.mlp(e_BFK.flatten(1))
        return logit_B

    @property
    def tables(self) -> list[FieldTable]:
        """The tables over the global id space."""
        return [self.linear] if self.embedding is None else [self.linear, self.embedding]

    @property
    def gates(self) -> nn.Parameter:
        """Alpha, one per interaction: [P].

        Raises:
            UserError: the spec has no learned weighting.
        """
        if self.interactions is None or self.interactions.alpha_P is None:
            raise UserError("the model has no gates: set weighting: learned")
        return self.interactions.alpha_P

    def lend_to_untrained(self) -> None:
        """Give ids that no train row holds the vectors of their field's rare values."""
        for table in self.tables:
            lend_to_untrained(table, self.schema)

    def n_parameters(self) -> int:
        """Number of trained weights."""
        return sum(weight.numel() for weight in self.parameters())
