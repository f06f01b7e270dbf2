"""Versioned local files that appear only when they are whole."""

# No `from __future__ import annotations` in modules with `preview`: kedro-viz reads its return annotation as a class.
import errno
import os
import shutil
from abc import abstractmethod
from pathlib import Path, PurePosixPath
from typing import Any

from kedro.io.core import AbstractVersionedDataset, Version, VersionNotFoundError

from autofis_kedro.errors import UserError

DISK_FULL = f"os error {errno.ENOSPC}"
"""How polars and safetensors say it, which raise errors of their own."""


def _versions(pattern: str) -> list[str]:
    """What ``<place>/*/<name>`` finds; the place may hold ``[1]`` or ``*`` itself."""
    place, name = Path(pattern).parent.parent, Path(pattern).name
    return [str(folder / name) for folder in place.glob("*") if (folder / name).exists()]


class AtomicDataset(AbstractVersionedDataset[Any, Any]):
    """Base of the project's datasets.

    ``_write`` gets a temporary path beside the final one, under a name that no version lookup matches; it is renamed
    when it is complete, so that a crash leaves the previous version the newest.
    """

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
        try:
            return self._read(path)
        except UserError:
            raise
        except Exception as error:
            if not path.exists():
                raise
            reason = (str(error).splitlines() or [""])[0]
            raise UserError(
                f"artifact '{path}' is damaged ({type(error).__name__}: {reason}): "
                "delete this version and run again the pipeline that makes it"
            ) from error

    def save(self, data: Any) -> None:
        """Write the artifact atomically.

        Raises:
            UserError: the disk is full or the place cannot be written.
        """
        path = Path(self._get_save_path())
        partial = path.with_name(f"{path.name}.partial")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._write(partial, data)
            os.replace(partial, path)
        except BaseException as error:
            self._clean(partial)
            if isinstance(error, OSError):
                raise UserError(f"artifact '{path}' could not be written: {error.strerror or error}") from error
            if DISK_FULL in str(error):
                reason = os.strerror(errno.ENOSPC)
                raise UserError(f"artifact '{path}' could not be written: {reason}") from error
            raise

    def _clean(self, partial: Path) -> None:
        """Remove what a failed save leaves: its file or folder, and the folders above it that it made."""
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        else:
            partial.unlink(missing_ok=True)
        made = (partial.parent, partial.parent.parent) if self._version else ()
        for folder in made:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    def _exists(self) -> bool:
        try:
            return Path(self._get_load_path()).exists()
        except Exception:  # no version yet
            return False

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), "version": self._version}
