"""A training that diverges ends with an error that names the rates, not with weights that mean nothing."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from autofis_kedro.errors import UserError
from autofis_kedro.training.config import SearchConfig, TrainingConfig

if TYPE_CHECKING:
    from autofis_kedro.training.run import Record

logger = logging.getLogger(__name__)

COIN = math.log(2)
"""Log loss, in nats, of who always says one half."""


def check_loss(loss: float, where: str, config: TrainingConfig, search: SearchConfig | None) -> None:
    """Stop at the first loss that is no number.

    Raises:
        UserError: names the loss, where it was met, and the rates.
    """
    if not math.isfinite(loss):
        raise UserError(f"loss is {loss} {where}: the training diverges; {_way_out(config, search)}")


def check_learned(
    history: Sequence[Record], name: str, config: TrainingConfig, search: SearchConfig | None = None
) -> None:
    """Look at what was reached where the weights are kept: the best evaluation, of a search the last.

    Twice a coin's loss on the rows that are learned from, and a coin's on validation rows: no training that works ends
    there, whatever the labels. What is merely worse than a coin is warned of, for noise may be.

    Raises:
        UserError: the training diverged.
    """
    kept = history[-1] if search is not None else min(history, key=lambda record: record.valid_log_loss)
    reached = (
        f"{name}: after {kept.step} steps the log loss is {kept.train_loss:.4g} on train and {kept.valid_log_loss:.4g} "
        f"on validation rows, a coin's is {COIN:.3f}"
    )
    if kept.train_loss > 2 * COIN and kept.valid_log_loss > COIN:
        raise UserError(f"{reached}: the training diverged; {_way_out(config, search)}")
    if kept.train_loss > 1.1 * COIN and kept.valid_log_loss > 1.1 * COIN:
        logger.warning("%s: it may have diverged; %s", reached, _way_out(config, search))


def _way_out(config: TrainingConfig, search: SearchConfig | None) -> str:
    rates = {"learning_rate": config.learning_rate, "linear_rate_factor": config.linear_rate_factor}
    penalties = {name: getattr(config, name) for name in ("l2_embedding", "l2_linear", "l2_mlp")}
    given = rates | {name: value for name, value in penalties.items() if value}
    given |= {"gate_learning_rate": search.gate_learning_rate} if search is not None else {}
    return f"lower {', '.join(f'{name} ({value:g})' for name, value in given.items())}"
