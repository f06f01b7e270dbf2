"""The Kedro dataset of encoded examples: a folder of memory-mapped arrays."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from kedro.io.core import AbstractVersionedDataset, Version

from autofis_kedro.data.encode import EncodedRows
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.examples_folder import META


class ExamplesDataset(AbstractVersionedDataset[EncodedRows, Examples]):
    """Saves rows while encoding them, in bounded memory; loads them memory-mapped, in milliseconds.

    The folder appears under its name only when it is whole: a crash or an error leaves no new version.

    Catalog entry::

        train_examples:
          type: autofis_kedro.sources.examples.ExamplesDataset
          filepath: data/05_model_input/train_examples
          versioned: true
    """

    def __init__(
        self, *, filepath: str, version: Version | None = None, metadata: dict[str, Any] | None = None
    ) -> None:
        super().__init__(PurePosixPath(filepath), version, exists_function=_is_whole)
        self.metadata = metadata

    def load(self) -> Examples:
        """The examples, memory-mapped."""
        return Examples.open(Path(self._get_load_path()))

    def save(self, data: EncodedRows) -> None:
        """Encode rows into the folder."""
        data.write(Path(self._get_save_path()))

    def _exists(self) -> bool:
        return _is_whole(str(self._get_load_path()))

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), "version": self._version}


def _is_whole(folder: str) -> bool:
    return (Path(folder) / META).is_file()
