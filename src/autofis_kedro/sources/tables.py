"""Tables of the paper as a folder of formats."""

from pathlib import Path

import polars as pl
from kedro_datasets._typing import TablePreview

from autofis_kedro.reporting.exports import latex, markdown
from autofis_kedro.reporting.paper_table import PaperTable
from autofis_kedro.reporting.written import for_spreadsheets
from autofis_kedro.sources.artifacts import table_preview
from autofis_kedro.sources.atomic import AtomicDataset


class PaperTableDataset(AtomicDataset):
    """A folder with ``<name>.json`` (read back), ``.csv`` (every value; no spreadsheet runs one), ``.md``, ``.tex``."""

    def _write(self, path: Path, data: PaperTable) -> None:
        path.mkdir()
        texts = {"json": data.model_dump_json(indent=1), "md": markdown(data), "tex": latex(data)}
        texts["csv"] = for_spreadsheets(data.frame())
        for ending, text in texts.items():
            (path / f"{data.name}.{ending}").write_text(text, encoding="utf-8")

    def _read(self, path: Path) -> PaperTable:
        (found,) = path.glob("*.json")
        return PaperTable.model_validate_json(found.read_text(encoding="utf-8"))

    def preview(self) -> TablePreview:
        """The cells as printed."""
        table = self.load()
        columns = dict(zip(table.titles(), map(list, zip(*table.cells(), strict=True)), strict=True))
        return table_preview(pl.DataFrame(columns))


class SpreadsheetDataset(AtomicDataset):
    """A table as CSV whose texts no spreadsheet runs; the newest alone, beside a versioned artifact of all digits."""

    is_sealed = False  # people open it in other programs, and save it

    def _write(self, path: Path, data: pl.DataFrame) -> None:
        path.write_text(for_spreadsheets(data), encoding="utf-8")

    def _read(self, path: Path) -> pl.DataFrame:
        return pl.read_csv(path, glob=False)

    def preview(self, nrows: int = 30) -> TablePreview:
        """The first rows."""
        return table_preview(self.load().head(nrows))
