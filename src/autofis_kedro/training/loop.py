"""The training loop of baselines, searches and re-trained models; a size ladder's short one is ``fine_tune``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, repeat

import torch
from torch import Tensor

from autofis_kedro.data.batches import Batch, Rows, training_batches
from autofis_kedro.data.encode import check_labels
from autofis_kedro.data.examples import Examples, check_examples
from autofis_kedro.data.resident import resident_if_it_fits
from autofis_kedro.evaluation.metrics import score
from autofis_kedro.models import CTRModel
from autofis_kedro.training.allocator import keep_large_buffers
from autofis_kedro.training.checkpoint import Checkpoint
from autofis_kedro.training.config import SearchConfig, TrainingConfig
from autofis_kedro.training.divergence import check_learned, check_loss
from autofis_kedro.training.evaluate import device_of, predict, prepare_for_evaluation
from autofis_kedro.training.memory import bytes_to_come, within_rows
from autofis_kedro.training.optimizers import PARTS, optimizers_of
from autofis_kedro.training.progress import TrainingProgress
from autofis_kedro.training.run import Fitted, Run, is_boundary


def fit(
    model: CTRModel,
    train: Examples,
    valid: Examples,
    config: TrainingConfig,
    *,
    seed: int,
    search: SearchConfig | None = None,
    checkpoint: Checkpoint | None = None,
    name: str = "model",
) -> Fitted:
    """Train a model, in place; afterwards it has the weights returned, is in evaluation mode, and an ordinary module.

    Early stopping and the best weights are decided on the validation rows; a search runs all its planned steps, for
    GRDA's threshold is planned for them, and ends with its last weights. Interrupted and called again with the same
    arguments and checkpoint, it continues to bit-identical weights on a CPU with as many threads.

    Args:
        model: with its initial weights.
        train: the rows to learn from.
        valid: the rows that decide when to stop.
        config: rates, sizes, stopping.
        seed: of the shuffle and of dropout.
        search: trains the gates with GRDA; None trains everything with Adam.
        checkpoint: where an unfinished training is kept.
        name: for the progress bar.

    Raises:
        UserError: data that do not fit the model, rows of one label alone, a loss that is not finite, a corrupt
            checkpoint.
    """
    for rows, what in ((train, "train examples"), (valid, "validation examples")):
        check_examples(rows, model.schema, what)
        check_labels(rows.n_rows, int(rows.labels.sum(dtype=int)), what)
    config = within_rows(config, train.n_rows, name)
    keep_large_buffers()
    model.to(device_of(config))
    needed = bytes_to_come(model, config)
    train_rows, valid_rows = (resident_if_it_fits(rows, device_of(config), needed) for rows in (train, valid))
    steps = -(-train.n_rows // config.batch_size)
    with optimizers_of(model, config, search, steps) as optimizers, torch.random.fork_rng():
        run = Run(model, optimizers, config, steps, search)
        torch.manual_seed(seed)
        run.restore(checkpoint)
        with TrainingProgress(name, run.epochs * train.n_rows, run.step * config.batch_size) as progress:
            _train(run, train_rows, valid_rows, seed, checkpoint, progress)
    check_learned(run.history, name, config, search)
    return run.finish()


def _train(
    run: Run, train: Rows, valid: Rows, seed: int, checkpoint: Checkpoint | None, progress: TrainingProgress
) -> None:
    gate_batches = _gate_batches(run, valid, seed)
    while not run.is_finished:
        epoch, first = divmod(run.step, run.steps_per_epoch)
        for batch in training_batches(train, run.config.batch_size, seed=seed, epoch=epoch, first_batch=first):
            loss = _update(run, batch, next(gate_batches))
            progress.advance(len(batch), run.rows_per_second, loss)
            if is_boundary(run.step, run.steps_per_epoch, run.config.evaluations_per_epoch):
                _evaluate(run, train, valid, progress)
            if checkpoint is not None and checkpoint.is_due():
                checkpoint.save(*run.to_save())
            if run.is_finished:
                return


def _gate_batches(run: Run, valid: Rows, seed: int) -> Iterator[Batch | None]:
    """Validation rows for the gates of a bi-level search, from the run's step on; None for each step of all else."""
    if run.search is None or run.search.optimization == "one_level":
        yield from repeat(None)
    per_epoch = -(-valid.n_rows // run.config.batch_size)
    epoch, first = divmod(run.step, per_epoch)
    for number in count(epoch):
        start = first if number == epoch else 0
        yield from training_batches(valid, run.config.batch_size, seed=seed, epoch=number, first_batch=start)


def _update(run: Run, batch: Batch, gate_batch: Batch | None = None) -> float:
    """One step: gradients of all parameters at the same weights, then both optimizers (paper Eq. 14).

    With a batch for the gates they move on it first, and only the weights on ``batch``.
    """
    with run.timed(len(batch)):
        run.model.train()
        if gate_batch is not None:
            run.optimizers.step_gates(_loss(run, gate_batch))
        loss = _loss(run, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        run.optimizers.step(gates=gate_batch is None)
        value = loss.item()
    check_loss(value, f"at step {run.step}", run.config, run.search)
    run.after_step(value)
    if is_boundary(run.step, run.steps_per_epoch, PARTS):
        search = run.search
        run.optimizers.decay(run.config.learning_rate_decay, search.gate_decay if search else 1.0)
    return value


def _loss(run: Run, batch: Batch) -> Tensor:
    batch = batch.to(run.device)
    run.optimizers.begin(batch)
    logit_B = run.model(batch)
    return torch.nn.functional.binary_cross_entropy_with_logits(logit_B, batch.labels_B)


def _evaluate(run: Run, train: Rows, valid: Rows, progress: TrainingProgress) -> None:
    run.optimizers.flush()
    prepare_for_evaluation(run.model, train, run.config)
    probability_N = predict(run.model, valid, run.config)
    check_loss(float(probability_N.sum()), f"on validation rows after step {run.step}", run.config, run.search)
    metrics = score(valid.labels, probability_N)
    record = run.record(metrics.log_loss, metrics.auc)
    gates = "" if record.open_gates is None else f", {record.open_gates} gates open"
    progress.evaluated(record.epoch, metrics.log_loss, metrics.auc, gates, run.rows_per_second)
