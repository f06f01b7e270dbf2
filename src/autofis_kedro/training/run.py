"""The state of one training: everything that a checkpoint must hold to continue bit-identically."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from autofis_kedro.models import CTRModel
from autofis_kedro.models.state import load_state
from autofis_kedro.training.checkpoint import Checkpoint
from autofis_kedro.training.config import SearchConfig, TrainingConfig
from autofis_kedro.training.optimizer_state import optimizer_numbers, optimizer_tensors, restore_optimizer
from autofis_kedro.training.optimizers import Optimizers

TRAJECTORY_POINTS = 200


@dataclass(frozen=True)
class Record:
    """One evaluation.

    Attributes:
        epoch: passes over the train rows so far, fractional.
        step: updates so far.
        train_loss: mean over the steps since the last evaluation.
        valid_log_loss: over the whole validation split.
        valid_auc: over the whole validation split.
        open_gates: gates that are not 0; None without gates.
        rows_per_second: of training.
        seconds: of training so far, evaluations included.
    """

    epoch: float
    step: int
    train_loss: float
    valid_log_loss: float
    valid_auc: float
    open_gates: int | None
    rows_per_second: float
    seconds: float


@dataclass(frozen=True)
class Fitted:
    """A trained model.

    Attributes:
        weights: the best on validation; after a search those of the last step. On the CPU, evaluation statistics
        included.
        history: one record per evaluation.
        trajectory: (step, alpha [P]) about 200 times in a search, the last step among them, else empty; P: pairs, then
            triples.
        dual: GRDA's dual at the end of a search [P].
        seconds: of training and validation.
        rows_per_second: of training alone.
    """

    weights: dict[str, Tensor]
    history: list[Record]
    trajectory: list[tuple[int, list[float]]]
    dual: Tensor | None
    seconds: float
    rows_per_second: float


def is_boundary(step: int, steps_per_epoch: int, parts: int) -> bool:
    """Whether step number ``step`` (from 1) completes one of ``parts`` even parts of its epoch."""
    within = (step - 1) % steps_per_epoch + 1
    return within * parts // steps_per_epoch > (within - 1) * parts // steps_per_epoch


class Run:
    """Model, optimizers, position, history and best weights of a training in progress."""

    def __init__(
        self,
        model: CTRModel,
        optimizers: Optimizers,
        config: TrainingConfig,
        steps_per_epoch: int,
        search: SearchConfig | None,
    ) -> None:
        self.model, self.optimizers, self.config, self.search = model, optimizers, config, search
        self.steps_per_epoch = steps_per_epoch
        self.epochs = search.epochs if search is not None else config.epochs
        self.device = next(model.parameters()).device
        self.step = 0
        self.history: list[Record] = []
        self.trajectory: list[tuple[int, list[float]]] = []
        self.best: dict[str, Tensor] = {}
        self.best_score = float("inf")
        self.bad_evaluations = 0
        self._loss_sum, self._loss_steps = 0.0, 0
        self._rows, self._training_seconds = 0, 0.0
        self._earlier_seconds, self._started = 0.0, time.perf_counter()

    @property
    def is_finished(self) -> bool:
        """Whether all planned steps are made or patience has run out."""
        is_stopped = self.search is None and self.bad_evaluations >= self.config.patience
        return is_stopped or self.step >= self._planned_steps

    @property
    def _planned_steps(self) -> int:
        return self.epochs * self.steps_per_epoch

    @property
    def seconds(self) -> float:
        """Seconds spent, those before an interruption included."""
        return self._earlier_seconds + time.perf_counter() - self._started

    @property
    def rows_per_second(self) -> float:
        """Training speed without evaluations."""
        return self._rows / self._training_seconds if self._training_seconds else 0.0

    @contextmanager
    def timed(self, rows: int) -> Iterator[None]:
        """Count rows and the time that their update takes."""
        start = time.perf_counter()
        yield
        self._training_seconds += time.perf_counter() - start
        self._rows += rows

    def after_step(self, loss: float) -> None:
        """Book one update."""
        self.step += 1
        self._loss_sum += loss
        self._loss_steps += 1
        is_shown = self.step % self._trajectory_stride == 0 or self.step == self._planned_steps
        if self.search is not None and is_shown:
            self.trajectory.append((self.step, self._all_alpha().tolist()))

    def _all_alpha(self) -> Tensor:
        return torch.cat([alpha.detach().cpu() for alpha in self.model.all_gates])

    @property
    def _trajectory_stride(self) -> int:
        return -(-self._planned_steps // TRAJECTORY_POINTS)

    def record(self, log_loss: float, auc: float) -> Record:
        """Book an evaluation; keep the weights if they are the best so far."""
        gates = self.model.all_gates
        record = Record(
            epoch=self.step / self.steps_per_epoch,
            step=self.step,
            train_loss=self._loss_sum / max(1, self._loss_steps),
            valid_log_loss=log_loss,
            valid_auc=auc,
            open_gates=sum(int(alpha.count_nonzero()) for alpha in gates) if gates else None,
            rows_per_second=self.rows_per_second,
            seconds=self.seconds,
        )
        self.history.append(record)
        self._loss_sum, self._loss_steps = 0.0, 0
        score = log_loss if self.config.monitor == "log_loss" else -auc
        if self.search is not None or score < self.best_score - 1e-6:
            self.best_score, self.bad_evaluations = score, 0
            self.best = {name: tensor.detach().cpu().clone() for name, tensor in self.model.state_dict().items()}
        else:
            self.bad_evaluations += 1
            self.optimizers.decay(self.config.reduce_on_plateau)
        return record

    def finish(self) -> Fitted:
        """The best weights, also put into the model."""
        self.model.load_state_dict(self.best)
        self.model.eval()
        grda = self.optimizers.grda
        dual = torch.cat([grda.state[alpha]["dual"].cpu() for alpha in self.model.all_gates]) if grda else None
        return Fitted(self.best, self.history, self.trajectory, dual, self.seconds, self.rows_per_second)

    def to_save(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Tensors and numbers of a checkpoint."""
        tensors = {f"model/{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"best/{name}": tensor for name, tensor in self.best.items()}
        tensors |= {f"adam/{name}": tensor for name, tensor in optimizer_tensors(self.optimizers.adam).items()}
        tensors["torch_rng"] = torch.get_rng_state()
        value = {name: getattr(self, name) for name in _NUMBERS}
        value |= {"seconds": self.seconds, "history": [asdict(record) for record in self.history]}
        value["adam"] = optimizer_numbers(self.optimizers.adam)
        if self.optimizers.tables.deferred is not None:
            tensors |= {f"tables/{name}": tensor for name, tensor in self.optimizers.tables.deferred.tensors().items()}
        value["rates"] = self.optimizers.rates
        if self.optimizers.grda is not None:
            tensors |= {f"grda/{name}": tensor for name, tensor in optimizer_tensors(self.optimizers.grda).items()}
            value["grda"] = optimizer_numbers(self.optimizers.grda)
        return tensors, value

    def restore(self, checkpoint: Checkpoint | None) -> None:
        """Continue from a checkpoint if there is one.

        Raises:
            UserError: it does not hold what this training needs.
        """
        saved = checkpoint.load() if checkpoint is not None else None
        if checkpoint is not None and saved is not None:
            with checkpoint.reading():
                self._put_back(*saved, f"checkpoint '{checkpoint.path}'")

    def _put_back(self, tensors: dict[str, Tensor], value: dict[str, Any], what: str) -> None:
        self.best = _below(tensors, "best/")
        if self.best:
            load_state(self.model, self.best, what)
        load_state(self.model, _below(tensors, "model/"), what)
        restore_optimizer(self.optimizers.adam, _below(tensors, "adam/"), value["adam"])
        if self.optimizers.tables.deferred is not None:
            self.optimizers.tables.deferred.restore(_below(tensors, "tables/"))
        self.optimizers.set_rates(value["rates"])
        if self.optimizers.grda is not None:
            restore_optimizer(self.optimizers.grda, _below(tensors, "grda/"), value["grda"])
        for name in _NUMBERS:
            setattr(self, name, value[name])
        self.trajectory = [(int(step), alpha) for step, alpha in value["trajectory"]]
        self.history = [Record(**record) for record in value["history"]]
        self._earlier_seconds = value["seconds"]
        torch.set_rng_state(tensors["torch_rng"])


_NUMBERS = (
    "step",
    "trajectory",
    "best_score",
    "bad_evaluations",
    "_loss_sum",
    "_loss_steps",
    "_rows",
    "_training_seconds",
)


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
