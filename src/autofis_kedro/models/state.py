"""Weights into a model, looked at first: what was read from a disk may be of another model, or damaged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import Tensor, nn

from autofis_kedro.errors import UserError


def load_state(model: nn.Module, state: Mapping[str, Tensor], what: str) -> None:
    """Put weights and statistics into a model.

    Args:
        model: that they are of.
        state: as ``model.state_dict()``.
        what: they are, for the message.

    Raises:
        UserError: some are missing, too many, of another shape or type, or not finite.
    """
    mistakes = list(_mistakes(model.state_dict(), state))
    if mistakes:
        raise UserError(f"{what}: {'; '.join(mistakes[:3])}: delete this version and train again")
    model.load_state_dict(dict(state))


def _mistakes(wanted: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> Iterator[str]:
    for kind, names in (("is missing", set(wanted) - set(state)), ("is of no such model", set(state) - set(wanted))):
        yield from (f"'{name}' {kind}" for name in sorted(names))
    for name in wanted.keys() & state.keys():
        found, asked = state[name], wanted[name]
        if found.shape != asked.shape or found.dtype != asked.dtype:
            yield f"'{name}' is {_kind(found)}, the model has {_kind(asked)}"
        elif found.is_floating_point() and not is_finite(found):
            yield f"'{name}' holds numbers that are not finite"


def is_finite(tensor: Tensor) -> bool:
    """Whether every number is finite; one pass without a copy for those that are."""
    return bool(tensor.sum().isfinite()) or bool(tensor.isfinite().all())


def _kind(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"
