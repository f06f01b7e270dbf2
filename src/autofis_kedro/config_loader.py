"""Kedro's configuration loader, with globals that parameters do not share."""

import copy
from typing import Any

from kedro.config import OmegaConfigLoader


class UnsharedConfigLoader(OmegaConfigLoader):
    """Several models interpolate the same ``${globals:mlp}``.

    Kedro would give them the same node and merge ``--params deepfm.spec.mlp.dropout=0.1`` into it in place: every model
    would change.
    """

    def _get_globals_value(self, *arguments: Any) -> Any:
        return copy.deepcopy(super()._get_globals_value(*arguments))
