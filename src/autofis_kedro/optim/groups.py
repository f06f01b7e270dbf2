"""Which optimizer trains which parameter: every parameter claimed exactly once."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from torch import nn

from autofis_kedro.errors import UserError


def claim(model: nn.Module, patterns: Mapping[str, str]) -> dict[str, list[nn.Parameter]]:
    """Parameters by group.

    Args:
        model: whose parameters are to be divided.
        patterns: glob pattern of parameter names -> group. No two may match the same parameter: ``"*"`` beside
            ``"*alpha_P"`` does. A group that nothing falls into is empty.

    Raises:
        UserError: names the parameter that no pattern or more than one matches.
    """
    groups: dict[str, list[nn.Parameter]] = {group: [] for group in patterns.values()}
    for name, parameter in model.named_parameters():
        claims = [group for pattern, group in patterns.items() if fnmatchcase(name, pattern)]
        if len(claims) != 1:
            raise UserError(f"parameter '{name}' is claimed by {claims or 'no optimizer'}: exactly one is allowed")
        groups[claims[0]].append(parameter)
    return groups
