"""Typed configuration of training, search and extraction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field as Bounded
from pydantic import field_validator, model_validator

from autofis_kedro.config import Options, Seed
from autofis_kedro.models import ModelSpec
from autofis_kedro.training.xlearn import XLearnConfig


class TrainingConfig(Options):
    """How a model is trained.

    Attributes:
        epochs: passes over the train rows at most.
        batch_size: rows of a training batch.
        learning_rate: Adam's.
        linear_rate_factor: the linear weights' and the bias's learning rate as a multiple of the others'.
        learning_rate_decay: factor on the rate after each fifth of an epoch (the paper's schedule; 1 is constant).
        reduce_on_plateau: factor on the rate after an evaluation without improvement; 1 is never.
        l2_embedding: penalty ``l2 / 2 * |v|**2`` on the embedding table.
        l2_linear: likewise on the linear weights.
        l2_mlp: likewise on the MLP's matrices and biases.
        l2_alpha: likewise on alpha where Adam trains it.
        l2_attention: likewise on AFM's attention network.
        l1_alpha: penalty ``l1 * |alpha|`` where Adam trains alpha.
        table_adam: how Adam moves the tables. ``dense`` moves every row at every step; ``deferred`` does the same, but
            applies what a row misses when it is next read; ``auto`` takes the faster. ``lazy`` never moves rows
            without a gradient, which is another algorithm.
        mlp_precision: of the MLP's matrix products, and of what goes from layer to layer, while training; weights,
            optimizer, evaluation and a first product that shares table rows stay in float32.
            ``bfloat16`` is about twice as fast on processors and GPUs that have instructions for it; on others a
            warning says so and float32 is taken.
        evaluations_per_epoch: validation evaluations in an epoch, evenly spaced.
        patience: stop after this many evaluations without improvement; the best weights are kept.
        monitor: what improvement means, on the validation rows.
        batch_norm_statistics: ``estimated`` re-estimates them over train rows before every evaluation; ``moving`` keeps
            the moving averages as the paper's program does.
        statistics_rows: train rows for that estimate.
        device: ``auto`` is cuda where there is one.
        evaluation_batch_size: rows of a batch in evaluation, fewer for wide models; changes nothing but speed.
    """

    epochs: int = Bounded(default=20, ge=1)
    batch_size: int = Bounded(default=2000, ge=2)
    learning_rate: float = Bounded(default=1e-3, gt=0, le=100)
    linear_rate_factor: float = Bounded(default=1.0, gt=0)
    learning_rate_decay: float = Bounded(default=1.0, gt=0, le=1)
    reduce_on_plateau: float = Bounded(default=1.0, gt=0, le=1)
    l2_embedding: float = Bounded(default=0.0, ge=0)
    l2_linear: float = Bounded(default=0.0, ge=0)
    l2_mlp: float = Bounded(default=0.0, ge=0)
    l2_alpha: float = Bounded(default=0.0, ge=0)
    l2_attention: float = Bounded(default=0.0, ge=0)
    l1_alpha: float = Bounded(default=0.0, ge=0)
    table_adam: Literal["auto", "dense", "deferred", "lazy"] = "auto"
    mlp_precision: Literal["float32", "bfloat16"] = "float32"
    evaluations_per_epoch: int = Bounded(default=1, ge=1)
    patience: int = Bounded(default=2, ge=1)
    monitor: Literal["log_loss", "auc"] = "log_loss"
    batch_norm_statistics: Literal["estimated", "moving"] = "estimated"
    statistics_rows: int = Bounded(default=100_000, ge=1)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    evaluation_batch_size: int = Bounded(default=8192, ge=1)


class SearchConfig(Options):
    """How the gates are searched (paper sec. 3.2).

    Attributes:
        epochs: passes over the train rows; all are made, for the threshold is planned for them.
        optimization: ``one_level`` trains gates and weights on the same train rows (paper Eq. 14). ``bi_level``
            alternates as first-order DARTS does: gates on a batch of validation rows, weights on one of train rows
            (Table 8); its selection has seen the validation rows.
        normalize: batch norm on every interaction (paper Eq. 12). Without it the search model is FwFM with gates, whose
            alpha depends on the embeddings' scale (sec. 4.7.1).
        strength: ``final_threshold`` makes GRDA equally strong whatever the number of steps; ``paper`` takes c as is.
        final_threshold: where the threshold ends, in units of the initial alpha.
        c: the paper's c, with ``strength: paper``.
        mu: the paper's mu.
        final_threshold_3rd: of the gates of triples; None takes that of the pairs.
        c_3rd: likewise.
        mu_3rd: likewise.
        gate_learning_rate: GRDA's rate.
        gate_decay: factor on it after each fifth of an epoch (paper: 0.6 for AutoFM, 1 for AutoDeepFM).
        learning_rate: Adam's in the search; None takes that of the training.
        linear_rate_factor: the linear weights learn this much faster. Else the interactions first learn the effects of
            single fields, and gates stay open for that reason alone.
        l2_embedding: penalty on the embedding table in the search; None takes that of the training.
    """

    epochs: int = Bounded(default=1, ge=1)
    optimization: Literal["one_level", "bi_level"] = "one_level"
    normalize: bool = True
    strength: Literal["final_threshold", "paper"] = "final_threshold"
    final_threshold: float = Bounded(default=1.0, ge=0)
    c: float = Bounded(default=0.005, ge=0)
    mu: float = Bounded(default=0.6, ge=0)
    final_threshold_3rd: float | None = Bounded(default=None, ge=0)
    c_3rd: float | None = Bounded(default=None, ge=0)
    mu_3rd: float | None = Bounded(default=None, ge=0)
    gate_learning_rate: float = Bounded(default=1.0, gt=0)
    gate_decay: float = Bounded(default=1.0, gt=0, le=1)
    learning_rate: float | None = Bounded(default=None, gt=0, le=100)
    linear_rate_factor: float = Bounded(default=10.0, gt=0)
    l2_embedding: float | None = Bounded(default=None, ge=0)

    def of_order(self, order: int) -> SearchConfig:
        """The same with the strength that an order's gates have as the only one."""
        if order == 2:
            return self
        own = {name: getattr(self, f"{name}_3rd") for name in ("final_threshold", "c", "mu")}
        return self.model_copy(update={name: value for name, value in own.items() if value is not None})


class ExtractionConfig(Options):
    """How a selection follows from the gates.

    Attributes:
        rule: ``nonzero`` keeps the open gates (the paper), ``top_k`` the ``size`` largest |alpha|. ``ladder`` finds
            the range of sizes that are as good as the best, from the smallest up to the best itself, and takes the size
            of that range behind which |alpha| falls most. ``smallest`` takes the smallest.
        size: for ``top_k``; for the ladder it overrides the size chosen, the curve is measured all the same.
        ratio: between neighbouring sizes of the ladder; the gap below the chosen size is then halved until it is one.
        fine_tune_epochs: passes over the train rows for each size.
        linear_rate_factor: the linear weights' learning rate in fine-tuning, as a multiple of the others'.
        tolerance: a size is as good as the best within this many standard errors of the paired difference,
        relative_tolerance: or within this share of the best log loss. Models of a ladder share their weights, so
            that even differences too small to matter are many standard errors.
    """

    rule: Literal["nonzero", "top_k", "ladder", "smallest"] = "ladder"
    size: int | None = Bounded(default=None, ge=1)
    ratio: float = Bounded(default=2.0, gt=1)
    fine_tune_epochs: float = Bounded(default=1.0, gt=0)
    linear_rate_factor: float = Bounded(default=10.0, gt=0)
    tolerance: float = Bounded(default=2.0, ge=0)
    relative_tolerance: float = Bounded(default=1e-3, ge=0)

    @model_validator(mode="after")
    def _size_goes_with_the_rule(self) -> ExtractionConfig:
        if self.rule == "top_k" and self.size is None:
            raise ValueError("rule: top_k needs size: how many interactions to keep")
        if self.size is not None and self.rule not in ("top_k", "ladder"):
            raise ValueError(f"rule: {self.rule} finds the size itself: size {self.size} goes with top_k or ladder")
        return self


class ModelConfig(Options):
    """One model of the zoo: what it is made of and where its training differs from the data set's.

    Attributes:
        spec: the model.
        engine: what trains it. ``xlearn`` is for FFM alone; ``auto`` takes it where it can be had.
        xlearn: how xlearn trains.
        warm_alpha: start alpha from the searched values.
        follows_selection: the spec's order is that of what is kept: 3 with triples, 1 where nothing is kept, which is
            logistic regression. Without it a selection that keeps nothing is refused.
        training: fields of ``TrainingConfig`` that this model has otherwise.
        search: fields of ``SearchConfig`` that this model's search has otherwise.
    """

    spec: ModelSpec
    engine: Literal["torch", "xlearn", "auto"] = "torch"
    xlearn: XLearnConfig = XLearnConfig()
    warm_alpha: bool = False
    follows_selection: bool = False
    training: Mapping[str, Any] = Bounded(default_factory=dict)
    search: Mapping[str, Any] = Bounded(default_factory=dict)

    @model_validator(mode="after")
    def _engine_fits(self) -> ModelConfig:
        plain = ModelSpec(embedding_dim=self.spec.embedding_dim, field_aware=True)
        same = {"initial": self.spec.initial, "initial_std": self.spec.initial_std}
        if self.engine != "torch" and self.spec != plain.model_copy(update=same):
            raise ValueError(f"engine: {self.engine} trains FFM alone: field_aware: true and nothing else")
        return self

    @field_validator("training")
    @classmethod
    def _are_training(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        TrainingConfig.model_validate(dict(given))
        return given

    @field_validator("search")
    @classmethod
    def _are_search(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        SearchConfig.model_validate(dict(given))
        return given

    def spec_over(self, orders: Collection[int]) -> ModelSpec:
        """The model over a selection that keeps interactions of these orders."""
        if not self.follows_selection:
            return self.spec
        highest: Literal[1, 2, 3] = 3 if 3 in orders else 2 if 2 in orders else 1
        return self.spec.of_order(highest)

    def training_of(self, common: TrainingConfig) -> TrainingConfig:
        """The data set's training with what this model changes."""
        return TrainingConfig.model_validate(common.model_dump() | dict(self.training))

    def search_of(self, common: SearchConfig) -> SearchConfig:
        """The data set's search with what this model changes."""
        return SearchConfig.model_validate(common.model_dump() | dict(self.search))


class SeedsConfig(Options):
    """Which seeds are trained: ``seed``, ``seed + 1``, ... ``n_seeds`` of them."""

    n_seeds: int = Bounded(default=1, ge=1)
    seed: Seed = 0


class CheckpointConfig(Options):
    """Where and how often an unfinished training is kept.

    Attributes:
        folder: of all checkpoints; below it one folder per training.
        minutes: between two checkpoints.
    """

    folder: Path
    minutes: float = Bounded(default=5.0, ge=0)
