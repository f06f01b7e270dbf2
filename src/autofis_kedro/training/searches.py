"""Several searches of one model that differ in their seed alone, each with its extraction (paper sec. 4.7.1)."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import polars as pl
import torch
from torch import Tensor

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.models import ModelSpec
from autofis_kedro.selection.gates import Gates
from autofis_kedro.training.checkpoint import checkpoint_for
from autofis_kedro.training.config import CheckpointConfig, ExtractionConfig, SearchConfig, TrainingConfig
from autofis_kedro.training.evaluate import device_of
from autofis_kedro.training.ladder import extract_selection
from autofis_kedro.training.search import search_gates, search_training

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Searches:
    """How every search is made.

    Attributes:
        train: rows that the model learns from.
        valid: rows that the extraction decides on.
        schema: of both.
        spec: the model, of second order.
        training: its training.
        search: the search.
        extraction: the rule that decides what is kept.
        name: for messages, and of the checkpoints' folder.
        checkpoints: where finished and unfinished searches are kept.
    """

    train: Examples
    valid: Examples
    schema: Schema
    spec: ModelSpec
    training: TrainingConfig
    search: SearchConfig
    extraction: ExtractionConfig
    name: str = "searches"
    checkpoints: CheckpointConfig | None = None

    def run(self, n_searches: int, seed: int) -> pl.DataFrame:
        """Search and extract with seeds ``seed``, ``seed + 1``, ...

        Returns:
            seed, field_1, field_2, alpha, dual, rank (``Gates.frame``), kept: every pair of every search.

        Raises:
            UserError: as ``search_gates`` and ``extract_selection``.
        """
        tables = []
        for place in range(n_searches):
            logger.info("%s: search %d of %d, seed %d", self.name, place + 1, n_searches, seed + place)
            found = self._search_or_recall(seed + place)
            tables.append(found.select(pl.lit(seed + place, dtype=pl.Int64).alias("seed"), pl.all()))
        return pl.concat(tables)

    def _search_or_recall(self, seed: int) -> pl.DataFrame:
        """One search with what it keeps; as far as an interrupted run came, it is taken from the checkpoint."""
        device = device_of(self.training)
        identity = (self.spec, self.schema.fingerprint, self.training, device, self.search, self.extraction, seed)
        done = checkpoint_for(self.checkpoints, self.name, f"seed_{seed}", self.train, self.valid, *identity)
        saved = done.load() if done is not None else None
        weights, kept = saved if saved is not None else (self._searched(seed), None)
        if done is not None and saved is None:
            done.save(weights, None)
        gates = Gates(weights["gates/alpha"].numpy(), weights["gates/dual"].numpy(), self.schema.tuples(2))
        table = gates.frame(self.schema)
        if kept is not None:
            logger.info("%s: seed %d was finished before", self.name, seed)
        else:
            kept = self._kept(table, weights, seed)
            if done is not None:  # the weights are needed no more
                done.save({key: tensor for key, tensor in weights.items() if key.startswith("gates/")}, kept)
        pairs = pl.DataFrame(kept, schema={"field_1": pl.String, "field_2": pl.String}, orient="row")
        is_kept = pl.col("kept").fill_null(False)
        return table.join(
            pairs.with_columns(kept=True), on=["field_1", "field_2"], how="left", maintain_order="left"
        ).with_columns(is_kept)

    def _searched(self, seed: int) -> dict[str, Tensor]:
        """The search model's weights, and alpha and dual as the table of gates has them."""
        data = (self.train, self.valid, self.schema, self.spec, self.training, self.search)
        found = search_gates(*data, seed=seed, checkpoints=self.checkpoints, name=self.name)
        gates = {f"gates/{name}": found.gates[name].to_numpy().astype(np.float64) for name in ("alpha", "dual")}
        return found.weights | {name: torch.from_numpy(values) for name, values in gates.items()}

    def _kept(self, gates: pl.DataFrame, weights: dict[str, Tensor], seed: int) -> list[tuple[str, ...]]:
        tuning = search_training(self.training, self.search)
        data = (self.train, self.valid, self.schema, self.spec, tuning)
        selection = extract_selection(gates, weights, *data, self.extraction, seed=seed)
        return [interaction.fields for interaction in selection.interactions]
