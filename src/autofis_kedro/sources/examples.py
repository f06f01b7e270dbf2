"""The Kedro dataset of encoded examples: a folder of memory-mapped arrays."""

# No `from __future__ import annotations` in modules with `preview`: kedro-viz reads its return annotation as a class.
import json
from pathlib import Path

from kedro_datasets._typing import JSONPreview

from autofis_kedro.data.encode import EncodedRows
from autofis_kedro.data.examples import Examples
from autofis_kedro.sources.atomic import AtomicDataset


class ExamplesDataset(AtomicDataset):
    """Saves rows while encoding them, in bounded memory; loads them memory-mapped, in milliseconds.

    Catalog entry::

        train_examples:
          type: autofis_kedro.sources.examples.ExamplesDataset
          filepath: data/05_model_input/train_examples
          versioned: true
    """

    is_sealed = False  # they hold their own checksums, made while the rows stream

    def _write(self, path: Path, data: EncodedRows) -> None:
        data.write(path)

    def _read(self, path: Path) -> Examples:
        return Examples.open(path)

    def preview(self) -> JSONPreview:
        """Rows, positives, and the ids of each field that are missing, unseen or rare."""
        examples: Examples = self.load()
        special = {
            name: dict(zip(("missing", "unseen", "other"), n, strict=True)) for name, n in examples.special.items()
        }
        about = {"rows": examples.n_rows, "positives": int(examples.labels.sum()), "ids": special}
        return JSONPreview(json.dumps(about))
