"""The report as one HTML file, and what other pipelines may have left for it."""

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from autofis_kedro.sources.atomic import AtomicDataset
from autofis_kedro.trained_models import EarlierResults


class HTMLDataset(AtomicDataset):
    """A page as text; open it in a browser."""

    def _write(self, path: Path, data: str) -> None:
        path.write_text(data, encoding="utf-8")

    def _read(self, path: Path) -> str:
        text = path.read_text(encoding="utf-8")
        if not text.rstrip().endswith("</html>"):
            raise ValueError("the page has no end")
        return text


class EarlierResultsDataset(AbstractDataset[Any, EarlierResults]):
    """The newest results of whichever pipelines ran before; read only, and there may be none.

    Args:
        data: the folder of all layers.
        dataset: whose results.
    """

    def __init__(self, *, data: str, dataset: str, metadata: dict[str, Any] | None = None) -> None:
        self._found = EarlierResults(Path(data), dataset)
        self._data, self._dataset = data, dataset
        self.metadata = metadata

    def load(self) -> EarlierResults:
        """Access by name; nothing is read yet."""
        return self._found

    def save(self, data: Any) -> None:
        """The pipelines write their own artifacts."""
        raise NotImplementedError("earlier results are read only")

    def _describe(self) -> dict[str, Any]:
        return {"data": self._data, "dataset": self._dataset}
