"""Nodes of the transfer stage."""

from __future__ import annotations

import logging
from pathlib import Path

from pydantic import ValidationError, field_validator

from autofis_kedro.config import Options
from autofis_kedro.data.schema import Schema
from autofis_kedro.errors import UserError
from autofis_kedro.roster import COSTS_OF_SEARCH, SELECTION_FROM, interactions_of, searched_by, searches_of
from autofis_kedro.selection import Selection
from autofis_kedro.trained_models import TrainedModels
from autofis_kedro.training import ModelConfig

logger = logging.getLogger(__name__)


class TransferConfig(Options):
    """What is transferred.

    Attributes:
        selection_from: a model whose interactions are taken, or a file ``selection.json``.
    """

    selection_from: str = "autofm"

    @field_validator("selection_from")
    @classmethod
    def _exists(cls, given: str) -> str:
        if not given.endswith(".json") and given not in SELECTION_FROM:
            raise ValueError(
                f"no model with interactions; a file ends in .json, models are {', '.join(SELECTION_FROM)}"
            )
        return given


def take_selection(
    trained_models: TrainedModels, schema: Schema, transfer: TransferConfig, model: ModelConfig, *_after: Selection
) -> tuple[Selection, dict[str, float]]:
    """The newest selection of the named model, or that of a file, and what its search cost.

    Args:
        _after: selections that this run makes, which must be there before the newest is read.

    Raises:
        UserError: it does not exist, is no selection, was made for another schema, or has triples where the model
            takes pairs alone.
    """
    source = transfer.selection_from
    taken = _of_file(Path(source)) if source.endswith(".json") else _of_model(trained_models, source)
    n_pairs, n_triples = (len(taken.of_order(order, schema)) for order in (2, 3))
    if n_triples and model.spec.order < 3:
        raise UserError(
            f"selection_from '{source}' has {n_triples} triples, and the model of transfer_to takes pairs alone: take "
            "one of third order (fm_3rd, deepfm_3rd, autoipnn_3rd, ...) or a selection of pairs"
        )
    logger.info("transferred: %s pairs and %s triples of %s", n_pairs, n_triples, source)
    return taken, {"seconds": 0.0 if source.endswith(".json") else _search_seconds(trained_models, source)}


def _of_model(trained_models: TrainedModels, name: str) -> Selection:
    try:
        return trained_models.selection(interactions_of(name))
    except UserError as error:
        raise UserError(f"selection_from '{name}': {error}") from error


def _of_file(path: Path) -> Selection:
    try:
        return Selection.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"selection_from '{path}' cannot be read: {error.strerror}") from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise UserError(f"selection_from '{path}' is no selection.json as a search writes it") from error


def _search_seconds(trained_models: TrainedModels, name: str) -> float:
    searched = searched_by(name)
    names = searches_of(searched) if searched else ()
    return sum(trained_models.cost(f"{by}.{kind}") for by in names for kind in COSTS_OF_SEARCH)
