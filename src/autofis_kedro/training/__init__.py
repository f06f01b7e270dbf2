"""Training: one loop, its configuration, and what is built on it."""

from autofis_kedro.training.config import (
    CheckpointConfig,
    ExtractionConfig,
    ModelConfig,
    SearchConfig,
    SeedsConfig,
    TrainingConfig,
)
from autofis_kedro.training.ladder import extract_selection
from autofis_kedro.training.loop import fit
from autofis_kedro.training.run import Fitted, Record
from autofis_kedro.training.search import Searched, search_gates
from autofis_kedro.training.seeds import TrainedSeeds, predict_seeds, seed_probabilities, train_seeds
from autofis_kedro.training.xlearn_seeds import takes_xlearn, train_seeds_by_xlearn

__all__ = [
    "CheckpointConfig",
    "ExtractionConfig",
    "Fitted",
    "ModelConfig",
    "Record",
    "SearchConfig",
    "Searched",
    "SeedsConfig",
    "TrainedSeeds",
    "TrainingConfig",
    "extract_selection",
    "fit",
    "predict_seeds",
    "search_gates",
    "seed_probabilities",
    "takes_xlearn",
    "train_seeds",
    "train_seeds_by_xlearn",
]
