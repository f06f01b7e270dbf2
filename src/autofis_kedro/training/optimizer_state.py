"""The state of torch optimizers as tensors and numbers, as checkpoints hold it."""

from __future__ import annotations

import torch


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
