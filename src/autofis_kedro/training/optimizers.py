"""The optimizers of a model: gates by GRDA or Adam, everything else by Adam."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from autofis_kedro.models import CTRModel
from autofis_kedro.optim import GRDA, EpsilonHatAdam, c_for_final_threshold
from autofis_kedro.optim.groups import claim
from autofis_kedro.training.config import SearchConfig, TrainingConfig

PARTS = 5
"""The paper's schedule multiplies its rates after each fifth of an epoch."""


@dataclass
class Optimizers:
    """Both optimizers and their schedules.

    Attributes:
        adam: trains all but searched gates.
        grda: trains the gates in a search.
    """

    adam: EpsilonHatAdam
    grda: GRDA | None

    def step(self) -> None:
        """One update of all from gradients at the same weights (paper Eq. 14)."""
        self.adam.step()
        if self.grda is not None:
            self.grda.step()

    def decay(self, adam_factor: float, grda_factor: float = 1.0) -> None:
        """Multiply the learning rates."""
        for group in self.adam.param_groups:
            group["lr"] *= adam_factor
        for group in self.grda.param_groups if self.grda is not None else ():
            group["lr"] *= grda_factor


def make_optimizers(
    model: CTRModel, config: TrainingConfig, search: SearchConfig | None, planned_steps: int
) -> Optimizers:
    """Optimizers in which every parameter has exactly one.

    Args:
        search: trains the gates by GRDA; None trains them by Adam.
        planned_steps: of an epoch; GRDA's c follows from them.
    """
    patterns = {"interactions.alpha_P": "alpha", "linear.weight": "linear", "embedding.weight": "embedding"}
    groups = claim(model, {**patterns, "bias": "bias", "mlp.*": "mlp"})
    decay = {
        "linear": config.l2_linear,
        "embedding": config.l2_embedding,
        "mlp": config.l2_mlp,
        "alpha": config.l2_alpha,
    }
    gates = groups.pop("alpha") if search is not None else []
    adam = EpsilonHatAdam(
        [
            {"params": parameters, "weight_decay": decay.get(name, 0.0), "lr": _rate(name, config)}
            for name, parameters in groups.items()
            if parameters
        ]
    )
    if search is None:
        return Optimizers(adam, None)
    c = grda_c(search, planned_steps, float(model.gates.detach().abs().mean()))
    return Optimizers(adam, GRDA(gates, lr=search.gate_learning_rate, c=c, mu=search.mu))


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


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """State tensors by ``<parameter index>/<name>``."""
    return {
        f"{index}/{name}": torch.as_tensor(value)
        for index, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
    }


def optimizer_numbers(optimizer: torch.optim.Optimizer) -> list[dict[str, float]]:
    """Numbers of the parameter groups: rates, counters, threshold."""
    return [
        {key: value for key, value in group.items() if isinstance(value, int | float) and not isinstance(value, bool)}
        for group in optimizer.param_groups
    ]


def restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: dict[str, torch.Tensor], numbers: list[dict[str, float]]
) -> None:
    """Put back what ``optimizer_tensors`` and ``optimizer_numbers`` took."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        index, name = key.split("/")
        state.setdefault(int(index), {})[name] = tensor
    plain = optimizer.state_dict()
    for group, found in zip(plain["param_groups"], numbers, strict=True):
        group.update(found)
    optimizer.load_state_dict({"state": state, "param_groups": plain["param_groups"]})
