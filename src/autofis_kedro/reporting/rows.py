"""What is known of a trained model: the rows of every comparison."""

from __future__ import annotations

from autofis_kedro.config import Frozen
from autofis_kedro.evaluation.metrics import Metrics, Spread, summarise


class ModelMetrics(Frozen):
    """Quality and cost of one model, all seeds.

    Attributes:
        model: its name.
        valid: metrics on the validation rows, one per seed.
        test: metrics on the test rows, one per seed.
        kept: interactions in the model.
        candidates: interactions that there were.
        parameters: number of trained weights.
        rows_per_second: training speed, mean over seeds.
        train_seconds: of one seed, mean over seeds.
        search_seconds: of the search and extraction that chose the interactions; 0 without.
    """

    model: str
    valid: tuple[Metrics, ...]
    test: tuple[Metrics, ...]
    kept: int
    candidates: int
    parameters: int
    rows_per_second: float
    train_seconds: float
    search_seconds: float = 0.0

    def spread(self, split: str, metric: str) -> Spread:
        """Mean and standard deviation over seeds of ``auc``, ``log_loss`` or ``calibration`` on a split."""
        found: tuple[Metrics, ...] = getattr(self, split)
        return summarise([getattr(metrics, metric) for metrics in found])


class ChosenModel(Frozen):
    """The model to use.

    Attributes:
        model: its name; the weights are the artifact ``<model>.weights``.
        valid_log_loss: by which it was chosen, mean over seeds.
        runner_up: the next best.
        runner_up_valid_log_loss: its log loss.
        candidates: all that were compared, best first.
    """

    model: str
    valid_log_loss: float
    runner_up: str | None
    runner_up_valid_log_loss: float | None
    candidates: tuple[str, ...]


def choose(models: list[ModelMetrics]) -> ChosenModel:
    """The model with the lowest mean validation log loss; test rows play no part."""
    ranked = sorted(models, key=lambda model: model.spread("valid", "log_loss").mean)
    losses = [model.spread("valid", "log_loss").mean for model in ranked]
    second = len(ranked) > 1
    return ChosenModel(
        model=ranked[0].model,
        valid_log_loss=losses[0],
        runner_up=ranked[1].model if second else None,
        runner_up_valid_log_loss=losses[1] if second else None,
        candidates=tuple(model.model for model in ranked),
    )
