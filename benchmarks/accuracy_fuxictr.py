"""FuxiCTR's models on encoded rows, run by the Python of the peers' environment (``make bench-env``).

    python -m benchmarks.accuracy_fuxictr rows.npz '{"model": "fm", "seeds": 3, "size": 10, "batch_size": 4096, ...}'

Prints one JSON line per seed: test AUC and log loss. ``BaseModel.fit`` trains, stops and restores.

Shapes: B rows.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fuxictr.pytorch.torch_utils import seed_everything
from torch import Tensor

from benchmarks.fuxictr_models import Peer, feature_map

SPLITS = ("train", "valid", "test")


class Batches:
    """What FuxiCTR's loaders yield: one int64 tensor per field and the label, in a new order each epoch."""

    def __init__(self, rows: Any, split: str, batch_size: int, *, is_shuffled: bool) -> None:
        self._ids_NF = torch.from_numpy(rows[f"{split}_ids"]).long()
        self._labels_N = torch.from_numpy(rows[f"{split}_labels"]).float()
        self._batch_size, self._is_shuffled = batch_size, is_shuffled

    def __len__(self) -> int:
        return -(-len(self._labels_N) // self._batch_size)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        n = len(self._labels_N)
        order = torch.randperm(n) if self._is_shuffled else torch.arange(n)
        for rows in order.split(self._batch_size):
            ids_BF = self._ids_NF[rows]
            yield {f"field_{i}": column for i, column in enumerate(ids_BF.unbind(1))} | {"label": self._labels_N[rows]}


def main() -> None:
    """Train each seed; one JSON line per seed."""
    rows, setting = np.load(sys.argv[1]), json.loads(sys.argv[2])
    logging.disable()
    for seed in range(setting["seeds"]):
        seed_everything(seed)
        with tempfile.TemporaryDirectory() as folder:
            features = feature_map(rows["sizes"].tolist())
            (Path(folder) / features.dataset_id).mkdir()
            model = Peer(features, setting, folder)
            size = setting["batch_size"]
            train, valid, test = (Batches(rows, split, size, is_shuffled=split == "train") for split in SPLITS)
            model.fit(train, epochs=setting["epochs"], validation_data=valid)
            result = model.evaluate(test)
        print(json.dumps({"seed": seed, "auc": result["AUC"], "log_loss": result["logloss"]}), flush=True)


if __name__ == "__main__":
    main()
