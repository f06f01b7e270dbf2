"""Kedro's configuration loader, with globals that parameters do not share."""

import copy
from collections.abc import Mapping
from typing import Any, cast

from kedro.config import OmegaConfigLoader
from omegaconf import DictConfig, OmegaConf

from autofis_kedro.errors import UserError
from autofis_kedro.roster import TRANSFER_TO
from autofis_kedro.sources.checked import unknown


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> DictConfig:
    """Resolver: a data set's own values over a table of common ones.

    A node, not a dict: ``--params training.patience=3`` would replace a dict whole.
    """
    return OmegaConf.create({**first, **second})


def model_to_transfer_to(name: str, *, _root_: DictConfig) -> DictConfig:
    """Resolver: the configuration of the named model.

    Raises:
        UserError: no such model, or one that has no interactions of the data set's fields.
    """
    if name not in TRANSFER_TO:
        raise UserError(unknown("transfer_to", name, TRANSFER_TO))
    return OmegaConf.create(cast(dict[str, Any], OmegaConf.to_container(_root_[name], resolve=True)))


class UnsharedConfigLoader(OmegaConfigLoader):
    """Several models interpolate the same ``${globals:mlp}``.

    Kedro would give them the same node and merge ``--params deepfm.spec.mlp.dropout=0.1`` into it in place: every model
    would change.
    """

    def _get_globals_value(self, *arguments: Any) -> Any:
        return copy.deepcopy(super()._get_globals_value(*arguments))
