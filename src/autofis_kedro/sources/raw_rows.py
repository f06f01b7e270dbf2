"""Raw rows: a click log on disk, or the synthetic problem."""

from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview, TablePreview

from autofis_kedro.data.description import DataDescription
from autofis_kedro.data.reading import RawRows
from autofis_kedro.data.synthetic import SyntheticConfig, synthetic_rows
from autofis_kedro.sources.artifacts import table_preview
from autofis_kedro.sources.checked import checked


class ReadOnly(AbstractDataset[Any, RawRows]):
    """Rows that no pipeline writes."""

    metadata: dict[str, Any] | None

    def save(self, data: Any) -> None:
        """Raw rows are never written."""
        raise NotImplementedError("raw rows are read only")


class ClickLogDataset(ReadOnly):
    """A click log: text, parquet, JSON lines, libfm or libffm, plain or packed; read only when the rows are typed.

    Args:
        raw_path: a file, folder, glob or fsspec URL.
        description: what the columns are (``DataDescription``).
    """

    def __init__(self, *, raw_path: str, description: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
        self._rows = RawRows(str(raw_path), checked(DataDescription, description, "data"))
        self.metadata = metadata

    def load(self) -> RawRows:
        """The recipe of the typed rows."""
        return self._rows

    def _describe(self) -> dict[str, Any]:
        return {"raw_path": self._rows.raw_path}

    def preview(self) -> JSONPreview:
        """The description of the columns."""
        return JSONPreview(self._rows.description.model_dump_json())


class SyntheticDataset(ReadOnly):
    """The paper's synthetic problem, made anew from its seed at every load.

    Args:
        problem: ``SyntheticConfig``.
    """

    def __init__(self, *, problem: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
        self._config = checked(SyntheticConfig, problem, "synthetic")
        self.metadata = metadata

    def load(self) -> RawRows:
        """Rows and planted interactions."""
        return synthetic_rows(self._config)

    def _describe(self) -> dict[str, Any]:
        return {"problem": self._config.model_dump()}

    def preview(self) -> TablePreview:
        """The first rows."""
        frame = self.load().frame
        assert frame is not None
        return table_preview(frame.head(10).collect())
