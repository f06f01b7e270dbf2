"""The optimizers of a model: gates by GRDA or Adam, everything else by Adam."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from autofis_kedro.data.batches import Batch
from autofis_kedro.errors import UserError
from autofis_kedro.models import CTRModel
from autofis_kedro.models.embeddings import FieldTable
from autofis_kedro.models.interactions import Interactions
from autofis_kedro.optim import GRDA, EpsilonHatAdam, c_for_final_threshold
from autofis_kedro.optim.groups import claim
from autofis_kedro.training.config import SearchConfig, TrainingConfig
from autofis_kedro.training.precision import usable_precision
from autofis_kedro.training.tables import TableUpdates, is_deferred

PARTS = 5
"""The paper's schedule multiplies its rates after each fifth of an epoch."""


GROUPS = {
    "*.alpha_P": "alpha",
    "linear.weight": "linear",
    "field_vectors_FK": "field_vectors",
    "*embedding.weight": "embedding",
    "bias": "bias",
    "mlp.*": "mlp",
    "interactions.projection_K": "projection",
    **dict.fromkeys(("interactions.weight_KA", "interactions.bias", "interactions.score_A"), "attention"),
    **dict.fromkeys(("interactions.first_PXH", "interactions.second_PHD", "interactions.*_bias"), "mlp"),
}
"""Which parameters have a rate and a penalty in common."""


@dataclass
class Optimizers:
    """All optimizers of a model and their schedule.

    Attributes:
        adam: trains all but searched gates and deferred tables.
        grda: trains the gates in a search.
        tables: row-wise updates of the tables.
        alphas: the alpha that Adam trains.
        l1_alpha: penalty on their magnitude.
    """

    adam: EpsilonHatAdam
    grda: GRDA | None
    tables: TableUpdates
    alphas: list[nn.Parameter]
    l1_alpha: float

    def begin(self, batch: Batch) -> None:
        """Before the forward pass over a batch."""
        self.tables.begin(batch)

    def step(self, *, gates: bool = True) -> None:
        """One update of all from gradients at the same weights (paper Eq. 14); then no gradient is left.

        Args:
            gates: whether searched gates move, too.
        """
        self.tables.step()
        if self.l1_alpha:
            for alpha in self.alphas:
                alpha.grad.add_(alpha.detach().sign(), alpha=self.l1_alpha)  # type: ignore[union-attr]
        for optimizer in (self.adam, self.grda):
            if optimizer is not None:
                if gates or optimizer is not self.grda:
                    optimizer.step()
                optimizer.zero_grad()
        self.tables.clear()

    def step_gates(self, loss: Tensor) -> None:
        """One update of the searched gates alone."""
        assert self.grda is not None, "no gates are searched"
        gates = [alpha for group in self.grda.param_groups for alpha in group["params"]]
        for alpha, gradient in zip(gates, torch.autograd.grad(loss, gates), strict=True):
            alpha.grad = gradient
        self.grda.step()
        self.grda.zero_grad()

    def flush(self) -> None:
        """Before anything but the next batch reads the weights."""
        self.tables.flush()

    def decay(self, adam_factor: float, grda_factor: float = 1.0) -> None:
        """Multiply the learning rates."""
        self.set_rates([rate * adam_factor for rate in self.rates])
        for group in self.grda.param_groups if self.grda is not None else ():
            group["lr"] *= grda_factor

    @property
    def rates(self) -> list[float]:
        """Adam's learning rates: of its groups, then of the deferred tables."""
        deferred = self.tables.deferred.rates if self.tables.deferred is not None else []
        return [*(group["lr"] for group in self.adam.param_groups), *deferred]

    def set_rates(self, rates: Sequence[float]) -> None:
        """Set what ``rates`` tells."""
        groups = self.adam.param_groups
        for group, rate in zip(groups, rates, strict=False):
            group["lr"] = rate
        if self.tables.deferred is not None:
            self.tables.deferred.rates = list(rates[len(groups) :])


@contextmanager
def optimizers_of(
    model: CTRModel, config: TrainingConfig, search: SearchConfig | None, planned_steps: int
) -> Iterator[Optimizers]:
    """Optimizers that ``make_optimizers`` makes; afterwards the model is an ordinary module, for any optimizer."""
    precision = model.mlp.training_precision if model.mlp is not None else "float32"
    optimizers = make_optimizers(model, config, search, planned_steps)
    try:
        yield optimizers
    finally:
        optimizers.tables.release()
        if model.mlp is not None:
            model.mlp.training_precision = precision


def make_optimizers(
    model: CTRModel, config: TrainingConfig, search: SearchConfig | None, planned_steps: int
) -> Optimizers:
    """Optimizers in which every parameter has exactly one; the model is made ready to be trained by them alone.

    Args:
        model: on the device where it is trained.
        config: rates and penalties.
        search: trains the gates by GRDA; None trains them by Adam.
        planned_steps: of an epoch; GRDA's c follows from them.

    Raises:
        UserError: an update of the tables that cannot have the penalty asked for.
    """
    if model.mlp is not None:
        model.mlp.training_precision = usable_precision(config.mlp_precision, model.mlp.last.weight.device)
    groups = claim(model, GROUPS)
    deferred, dense = _divide_tables(model, groups, config)
    alphas = groups["alpha"] if search is None else []  # else GRDA's
    groups["alpha"] = alphas
    adam = EpsilonHatAdam(
        [
            {"params": parameters, "weight_decay": _penalty(name, config), "lr": _rate(name, config)}
            for name, parameters in groups.items()
            if parameters
        ]
    )
    tables = TableUpdates(deferred, dense, lazy=config.table_adam == "lazy")
    grda = _make_grda(model, search, planned_steps) if search is not None else None
    return Optimizers(adam, grda, tables, alphas, config.l1_alpha)


def _make_grda(model: CTRModel, search: SearchConfig, planned_steps: int) -> GRDA:
    """GRDA with a group for each order of interactions."""
    groups: list[dict[str, Any]] = []
    for order, part in ((2, model.interactions), (3, model.triples)):
        alpha = part.alpha_P if isinstance(part, Interactions) else None
        if alpha is not None:
            own = search.of_order(order)
            c = grda_c(own, planned_steps, float(alpha.detach().abs().mean()))
            groups.append({"params": [alpha], "lr": search.gate_learning_rate, "c": c, "mu": own.mu})
    if not groups:
        raise UserError("the model has no gates to search: set weighting: learned")
    return GRDA(groups)


def _divide_tables(
    model: CTRModel, groups: dict[str, list[nn.Parameter]], config: TrainingConfig
) -> tuple[dict[FieldTable, float], list[FieldTable]]:
    """Deferred tables with their rates, taken out of Adam's groups, and the others."""
    deferred: dict[FieldTable, float] = {}
    dense = []
    for table in model.tables:
        name = next(name for name, parameters in groups.items() if any(p is table.weight for p in parameters))
        if is_deferred(table, model, config, _penalty(name, config)):
            deferred[table] = _rate(name, config)
            groups[name] = [p for p in groups[name] if p is not table.weight]
        else:
            dense.append(table)
    return deferred, dense


def _penalty(group: str, config: TrainingConfig) -> float:
    penalties = {
        "linear": config.l2_linear,
        "embedding": config.l2_embedding,
        "mlp": config.l2_mlp,
        "alpha": config.l2_alpha,
        "attention": config.l2_attention,
    }
    return penalties.get(group, 0.0)


def _rate(group: str, config: TrainingConfig) -> float:
    return config.learning_rate * (config.linear_rate_factor if group in ("linear", "bias") else 1.0)


def grda_c(search: SearchConfig, steps_per_epoch: int, alpha_0: float) -> float:
    """GRDA's c: the paper's as is, or the one whose threshold ends at ``final_threshold * alpha_0``."""
    if search.strength == "paper":
        return search.c
    rates = [
        search.gate_learning_rate * search.gate_decay ** (epoch * PARTS + step * PARTS // steps_per_epoch)
        for epoch in range(search.epochs)
        for step in range(steps_per_epoch)
    ]
    return c_for_final_threshold(search.final_threshold * alpha_0, rates, search.mu)
