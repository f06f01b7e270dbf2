"""Kedro's configuration loader, with globals that parameters do not share."""

import copy
import re
from collections.abc import Mapping
from glob import escape
from pathlib import Path
from typing import Any, cast

from fsspec import AbstractFileSystem
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


class LiteralFolder:
    """A file system that looks for files below a folder whose own name may hold ``[1]`` or ``*``.

    Args:
        files: the file system.
        folder: below which patterns are; its name is no pattern.
    """

    def __init__(self, files: AbstractFileSystem, folder: str) -> None:
        self._files, self._folder = files, Path(folder).as_posix()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._files, name)

    def glob(self, pattern: str) -> Any:
        """Files that match."""
        below = pattern.removeprefix(self._folder)
        return self._files.glob(pattern if below == pattern else escape(self._folder) + below)


class UnsharedConfigLoader(OmegaConfigLoader):
    """Several models interpolate the same ``${globals:mlp}``.

    Kedro would give them the same node and merge ``--params deepfm.spec.mlp.dropout=0.1`` into it in place: every model
    would change. It would also take a project's path for a pattern, and read and resolve all parameters at each look.
    """

    _resolved: tuple[Any, dict[str, Any]] | None = None

    def __getitem__(self, key: str) -> dict[str, Any]:
        if key != "parameters" or key in self.data:
            return super().__getitem__(key)
        given = (self.env, copy.deepcopy(self.runtime_params))
        if self._resolved is None or self._resolved[0] != given:
            self._resolved = given, super().__getitem__(key)
        return copy.deepcopy(self._resolved[1])

    @staticmethod
    def _initialise_filesystem_and_protocol(conf_source: str) -> tuple[Any, str]:
        files, protocol = OmegaConfigLoader._initialise_filesystem_and_protocol(conf_source)
        return (LiteralFolder(files, conf_source) if protocol == "file" else files), protocol

    def _get_globals_value(self, *arguments: Any) -> Any:
        return copy.deepcopy(super()._get_globals_value(*arguments))


_READ = re.compile(r"\$\{\s*globals\s*:\s*(\w+)")


def check_globals(loader: OmegaConfigLoader) -> None:
    """Kedro ignores names in a ``globals.yml`` that nothing reads; those that begin with _ are a user's own.

    Raises:
        UserError: names the misspelled one and what there is.
    """
    folders = [Path(loader.conf_source) / (part or "") for part in (loader.base_env, loader.env)]
    files = [file for folder in folders if folder.is_dir() for file in folder.rglob("*.y*ml")]
    known = {name for file in files for name in _READ.findall(file.read_text(encoding="utf-8"))}
    for name in loader["globals"] if files else ():  # a packed configuration is no folder
        if name not in known and not name.startswith("_"):
            raise UserError(f"globals.yml: {unknown('parameter', name, known)}")
