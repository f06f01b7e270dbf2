"""Accuracy against size: the re-trained model over the N foremost pairs of several rankings.

The ladder of the extraction fine-tunes searched weights; here every size is trained from fresh weights, as the final
model is, so that the curves answer whether a ranking is any good: at the same size it should beat random pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from pydantic import Field as Bounded

from autofis_kedro.config import Options
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.errors import UserError
from autofis_kedro.evaluation.metrics import Metrics, score, summarise
from autofis_kedro.models import ModelSpec
from autofis_kedro.selection import Gates, select
from autofis_kedro.training.config import CheckpointConfig, SeedsConfig, TrainingConfig
from autofis_kedro.training.seeds import predict_seeds, train_seeds

Pair = tuple[int, ...]

ALPHA, STATISTICS_AUC, RANDOM = "alpha", "statistics_auc", "random"


class SizeCurvesConfig(Options):
    """The sizes that are trained.

    Attributes:
        n_sizes: sizes from one pair to all, in about equal ratios; the size that the search kept is added.
    """

    n_sizes: int = Bounded(default=6, ge=2)


@dataclass(frozen=True)
class Rankings:
    """Three orders of all pairs, most important first, as field positions.

    Attributes:
        by_alpha: as the search ranks them: by |alpha|, closed gates by how near they are to opening.
        by_statistics_auc: on validation rows.
        all_pairs: in lexicographic order, out of which each seed draws an order of its own.
    """

    by_alpha: tuple[Pair, ...]
    by_statistics_auc: tuple[Pair, ...]
    all_pairs: tuple[Pair, ...]

    def of_seed(self, seed: int) -> dict[str, tuple[Pair, ...]]:
        """The three orders by name; the random one is the seed's, nested: a smaller size is part of a larger one."""
        drawn = np.random.default_rng(seed).permutation(len(self.all_pairs))
        randomly = tuple(self.all_pairs[i] for i in drawn)
        return {ALPHA: self.by_alpha, STATISTICS_AUC: self.by_statistics_auc, RANDOM: randomly}


def rankings(gates: pl.DataFrame, ranked: pl.DataFrame, schema: Schema) -> Rankings:
    """Rankings out of a search's gates and out of statistics_AUC (field_1, field_2, rank).

    Raises:
        UserError: gates or ranked pairs of another data set.
    """
    found = Gates.from_frame(gates, schema)
    pairs = ranked.sort("rank").select("field_1", "field_2").iter_rows()
    by_statistics = tuple(tuple(map(schema.position, pair)) for pair in pairs)
    if sorted(by_statistics) != sorted(found.tuples):
        raise UserError(
            f"statistics_AUC ranks {len(by_statistics)} pairs, data set '{schema.dataset}' has {len(found.tuples)}: "
            "rank them again"
        )
    return Rankings(tuple(found.tuples[i] for i in found.ranking()), by_statistics, found.tuples)


def curve_sizes(n_pairs: int, n_sizes: int, kept: int | None = None) -> list[int]:
    """At most ``n_sizes`` sizes from 1 to ``n_pairs`` in about equal ratios, and ``kept``, ascending."""
    sizes = {int(size) for size in np.rint(np.geomspace(1, n_pairs, num=n_sizes))}
    return sorted(sizes | ({kept} if kept else set()))


def train_size_curves(
    train: Examples,
    valid: Examples,
    test: Examples,
    schema: Schema,
    ranked: Rankings,
    spec: ModelSpec,
    training: TrainingConfig,
    *,
    sizes: list[int],
    seeds: SeedsConfig,
    checkpoints: CheckpointConfig | None = None,
    name: str = "size_curves",
) -> pl.DataFrame:
    """Train every size of every ranking with every seed; the same set of pairs is trained once.

    Returns:
        ranking, size, seeds, and mean and standard deviation over seeds (null with one) of valid_log_loss, valid_auc,
        test_log_loss and test_auc.

    Raises:
        UserError: as ``train_seeds``.
    """
    job = _Job(train, valid, test, schema, spec, training, checkpoints, name)
    numbers = range(seeds.seed, seeds.seed + seeds.n_seeds)
    rows = []
    for ranking in (ALPHA, STATISTICS_AUC, RANDOM):
        for size in sizes:
            scored = [job.scores(ranked.of_seed(seed)[ranking][:size], seed) for seed in numbers]
            rows.append({"ranking": ranking, "size": size, "seeds": len(scored)} | _spreads(scored))
    return pl.DataFrame(rows, infer_schema_length=None)


def _spreads(scored: list[Mapping[str, Metrics]]) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for split in ("valid", "test"):
        for metric in ("log_loss", "auc"):
            spread = summarise([getattr(scores[split], metric) for scores in scored])
            found |= {f"{split}_{metric}": spread.mean, f"{split}_{metric}_std": spread.std}
    return found


@dataclass(frozen=True)
class _Job:
    """All that a training needs, and what was trained already."""

    train: Examples
    valid: Examples
    test: Examples
    schema: Schema
    spec: ModelSpec
    training: TrainingConfig
    checkpoints: CheckpointConfig | None
    name: str
    _known: dict[tuple[tuple[Pair, ...], int], Mapping[str, Metrics]] = field(default_factory=dict)

    def scores(self, pairs: tuple[Pair, ...], seed: int) -> Mapping[str, Metrics]:
        """Metrics on validation and test rows of a model over ``pairs``, whatever their order."""
        key = (tuple(sorted(pairs)), seed)
        if key not in self._known:
            self._known[key] = self._trained(*key)
        return self._known[key]

    def _trained(self, pairs: tuple[Pair, ...], seed: int) -> Mapping[str, Metrics]:
        selection = select(self.schema, pairs, "size_curves")
        trained = train_seeds(
            self.train,
            self.valid,
            self.schema,
            selection,
            self.spec,
            self.training,
            n_seeds=1,
            seed=seed,
            checkpoints=self.checkpoints,
            name=f"{self.name}/{len(pairs)}_pairs",  # a folder within the stage's: cleared with it
        )
        found = {}
        for split, rows in (("valid", self.valid), ("test", self.test)):
            predicted = predict_seeds(trained.weights, rows, self.schema, selection, self.spec, self.training)
            found[split] = score(predicted["label"].to_numpy(), predicted[f"seed_{seed}"].to_numpy())
        return found
