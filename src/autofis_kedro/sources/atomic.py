"""Versioned local files that appear only when they are whole."""

# No `from __future__ import annotations` in modules with `preview`: kedro-viz reads its return annotation as a class.
import os
import re
from abc import abstractmethod
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from kedro.io.core import AbstractVersionedDataset, Version, VersionNotFoundError

from autofis_kedro.errors import UserError
from autofis_kedro.integrity import read_whole, seal, seal_of
from autofis_kedro.sources.leftovers import PARTIAL, remove

OS_ERROR = re.compile(r"\(os error (\d+)\)")
"""How polars and safetensors, which raise errors of their own, end what the operating system told them."""


def _versions(pattern: str) -> list[str]:
    """What ``<place>/*/<name>`` finds; the place may hold ``[1]`` or ``*`` itself."""
    place, name = Path(pattern).parent.parent, Path(pattern).name
    return [str(folder / name) for folder in place.glob("*") if (folder / name).exists()]


class AtomicDataset(AbstractVersionedDataset[Any, Any]):
    """Base of the project's datasets.

    ``_write`` gets a temporary path beside the final one, under a name that no version lookup matches; it is renamed
    when it is complete, so that a crash leaves the previous version the newest. Its checksum lies beside it.

    Attributes:
        is_sealed: whether the checksum is made and looked at here; what streams has its own within.
    """

    is_sealed: ClassVar[bool] = True

    def __init__(
        self, *, filepath: str, version: Version | None = None, metadata: dict[str, Any] | None = None
    ) -> None:
        super().__init__(PurePosixPath(filepath), version, glob_function=_versions)
        self.metadata = metadata

    @abstractmethod
    def _write(self, path: Path, data: Any) -> None:
        """Write the whole artifact to a path."""

    @abstractmethod
    def _read(self, path: Path) -> Any:
        """Read the artifact."""

    def resolve_load_version(self) -> str | None:
        """The version to load: the one asked for, else what this run saved, else the newest.

        A run reads what it made itself, though another may have saved a newer one, or the clock was set back.
        """
        own = self._version.save if self._version and not self._version.load else None
        if own is not None and Path(self._get_versioned_path(own)).exists():
            return str(own)
        found: str | None = super().resolve_load_version()
        return found

    def load(self) -> Any:
        """The artifact.

        Raises:
            UserError: there is no version, or the file is damaged.
        """
        try:
            path = Path(self._get_load_path())
        except VersionNotFoundError as error:
            raise UserError(f"artifact '{self._filepath}' does not exist: run the pipeline that makes it") from error
        if not path.exists():
            raise UserError(
                f"artifact '{path}' does not exist: run the pipeline that makes it, or load another version"
            )
        return read_whole(path, self._read)

    def save(self, data: Any) -> None:
        """Write the artifact atomically.

        Raises:
            UserError: the disk is full or the place cannot be written.
        """
        path = Path(self._get_save_path())
        partial = path.with_name(f"{path.name}{PARTIAL}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._write(partial, data)
            if self.is_sealed:
                seal(partial, path)
            os.replace(partial, path)
        except BaseException as error:
            self._clean(partial, seal_of(path))
            reason = _reason(error)
            if reason is None:
                raise
            raise UserError(f"artifact '{path}' could not be written: {reason}") from error

    def _clean(self, *left: Path) -> None:
        """Remove what a failed save leaves: its files or folder, and the folders above it that it made."""
        for path in left:
            remove(path)
        made = (left[0].parent, left[0].parent.parent) if self._version else ()
        for folder in made:
            with suppress(OSError):  # it is not empty, not there, or not to be written
                folder.rmdir()

    def _exists(self) -> bool:
        try:
            return Path(self._get_load_path()).exists()
        except Exception:  # no version yet
            return False

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), "version": self._version}


def _reason(error: BaseException) -> str | None:
    """What the operating system says against writing; None if it is another kind of error."""
    if isinstance(error, UserError):
        return None
    if isinstance(error, OSError):
        place = f"'{error.filename}': " if error.filename else ""
        return f"{place}{error.strerror or error}"
    said = OS_ERROR.search(str(error))
    return os.strerror(int(said[1])) if said is not None and isinstance(error, Exception) else None
