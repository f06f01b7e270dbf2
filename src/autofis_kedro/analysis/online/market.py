"""A simulated market: users who ask, candidates to rank, and clicks drawn from the true click model.

Shapes: R requests of a day, C candidates of a request, S slots, N = R * C rows, U users.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from autofis_kedro.analysis.online.config import ExperimentConfig
from autofis_kedro.data.click_model import ClickModel
from autofis_kedro.errors import UserError


@dataclass(frozen=True)
class Visits:
    """The requests of a day.

    Attributes:
        user_R: who asks, a number below ``users_per_day``.
        in_experiment_U: which users are in the experimental group.
        probability_RC: of a click on each candidate, if it is shown.
        rows: the candidates as typed rows, N of them, those of a request next to each other.
    """

    user_R: NDArray[np.int64]
    in_experiment_U: NDArray[np.bool_]
    probability_RC: NDArray[np.float64]
    rows: pl.DataFrame


class Market:
    """A stream of requests.

    A request is a user's fields beside the fields of each candidate, all drawn from the problem's p(x). Whether a shown
    item is clicked does not depend on its slot or on its neighbours.

    Args:
        truth: of the problem.
        config: sizes.

    Raises:
        UserError: ``user_fields`` names a field that does not exist, or leaves none to the items.
    """

    def __init__(self, truth: ClickModel, config: ExperimentConfig) -> None:
        self._truth, self._config = truth, config
        self.user_fields, self.item_fields = split_fields(truth, config)

    def visits(self, day: int) -> Visits:
        """The requests of a day: the same for the same seed and day."""
        config, truth = self._config, self._truth
        rng = np.random.default_rng([config.seed, day])
        users, requests, candidates = config.users_per_day, config.requests_per_day, config.candidates
        of_user = truth.draw(rng, users, self.user_fields)
        user_R = rng.integers(users, size=requests)
        in_experiment_U = rng.random(users) < 0.5
        owner_N = np.repeat(user_R, candidates)
        values = {i: cells_VU[:, owner_N] for i, cells_VU in of_user.items()}
        values |= truth.draw(rng, requests * candidates, self.item_fields)
        probability_RC = truth.probability(values).reshape(requests, candidates)
        return Visits(user_R, in_experiment_U, probability_RC, truth.typed_rows(values))


def split_fields(truth: ClickModel, config: ExperimentConfig) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Positions of the user's fields and of the item's.

    Raises:
        UserError: ``user_fields`` names a field that does not exist, or leaves none to the items.
    """
    names = [field.name for field in truth.description.fields]
    given = names[: len(names) // 2] if config.user_fields is None else config.user_fields
    for name in given:
        if name not in names:
            raise UserError(
                f"online.experiment.user_fields: field '{name}' does not exist; there are: {', '.join(names)}"
            )
    users = tuple(i for i, name in enumerate(names) if name in given)
    if len(users) == len(names):
        raise UserError("online.experiment.user_fields names every field: candidates would all be the same")
    return users, tuple(i for i in range(len(names)) if i not in users)


def shown(scores_RC: NDArray[np.floating], probability_RC: NDArray[np.float64], slots: int) -> NDArray[np.float64]:
    """Click probabilities of the ``slots`` candidates with the highest scores: [R, S].

    Raises:
        UserError: a score is not a number.
    """
    if not np.isfinite(scores_RC).all():
        raise UserError("a candidate's score is not a finite number: the model cannot rank")
    first = np.argpartition(-scores_RC, slots - 1, axis=1)[:, :slots]
    return np.take_along_axis(probability_RC, first, axis=1)
