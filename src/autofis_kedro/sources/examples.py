"""The Kedro dataset of encoded examples: a folder of memory-mapped arrays."""

from pathlib import Path

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

    def _write(self, path: Path, data: EncodedRows) -> None:
        data.write(path)

    def _read(self, path: Path) -> Examples:
        return Examples.open(path)
