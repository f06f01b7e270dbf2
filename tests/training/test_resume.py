"""A killed training continues to the same bits; finished seeds are recalled."""

import pytest
import torch

from autofis_kedro.errors import UserError
from autofis_kedro.models import CTRModel
from autofis_kedro.selection import random_selection
from autofis_kedro.training import (
    CheckpointConfig,
    SearchConfig,
    fit,
    predict_seeds,
    train_seeds,
)
from autofis_kedro.training.checkpoint import Checkpoint
from tests.training.small import CONFIG, DEEP, SCHEMA, TRAIN, VALID


class Killed(Exception):
    """Stands for the end of a process."""


class KilledAfter(Checkpoint):
    """A checkpoint that is written at every step and ends the process at one of them."""

    def __init__(self, path, step):
        super().__init__(path, minutes=0.0)
        self.step = step

    def save(self, tensors, value):
        super().save(tensors, value)
        if value["step"] == self.step:
            raise Killed


DEFERRED = CONFIG.model_copy(update={"table_adam": "deferred", "l2_embedding": 0.0, "reduce_on_plateau": 0.5})


ROUNDED = CONFIG.model_copy(update={"mlp_precision": "bfloat16"})


@pytest.mark.parametrize("config", [CONFIG, DEFERRED, ROUNDED], ids=["dense", "deferred", "bfloat16"])
@pytest.mark.parametrize(
    "search", [None, SearchConfig(epochs=4, gate_decay=0.8), SearchConfig(epochs=4, optimization="bi_level")]
)
@pytest.mark.parametrize("step", [1, 15, 16, 37])
def test_a_killed_training_continues_to_the_same_bits(tmp_path, search, step, config):
    def train(checkpoint):
        model = CTRModel(DEEP, SCHEMA, seed=3)
        return fit(model, TRAIN, VALID, config, seed=3, search=search, checkpoint=checkpoint)

    whole = train(None)
    with pytest.raises(Killed):
        train(KilledAfter(tmp_path / "c", step))
    torch.rand(7)  # the state of the global generator must not matter
    resumed = train(Checkpoint(tmp_path / "c", minutes=60))
    assert all(torch.equal(whole.weights[key], resumed.weights[key]) for key in whole.weights)
    assert whole.trajectory == resumed.trajectory
    for ours, theirs in zip(resumed.history, whole.history, strict=True):
        assert (ours.step, ours.train_loss, ours.valid_log_loss) == (
            theirs.step,
            theirs.train_loss,
            theirs.valid_log_loss,
        )


def test_a_killed_training_continues_on_another_number_of_threads(tmp_path):
    def train(checkpoint):
        return fit(CTRModel(DEEP, SCHEMA, seed=3), TRAIN, VALID, CONFIG, seed=3, checkpoint=checkpoint)

    whole = train(None)
    with pytest.raises(Killed):
        train(KilledAfter(tmp_path / "c", 37))
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        resumed = train(Checkpoint(tmp_path / "c", minutes=60))
    finally:
        torch.set_num_threads(before)
    earlier = [(record.step, record.seconds) for record in resumed.history]
    assert [step for step, _ in earlier] == [record.step for record in whole.history]
    assert [record.valid_log_loss for record in resumed.history[:2]] == [r.valid_log_loss for r in whole.history[:2]]
    assert earlier == sorted(earlier), "time goes on from where it was"


def test_finished_seeds_are_recalled_and_changed_parameters_are_not(tmp_path):
    checkpoints = CheckpointConfig(folder=tmp_path, minutes=60)
    selection = random_selection(SCHEMA, 3, seed=0)

    def train(n_seeds, config=CONFIG):
        return train_seeds(
            TRAIN, VALID, SCHEMA, selection, DEEP, config, n_seeds=n_seeds, seed=5, checkpoints=checkpoints, name="m"
        )

    first = train(1)
    again = train(2)
    assert again.history.filter(seed=5).equals(first.history), "times included: the seed was not trained again"
    changed = train(1, CONFIG.model_copy(update={"learning_rate": 0.01}))
    assert not torch.equal(changed.weights["seed_5/linear.weight"], first.weights["seed_5/linear.weight"])
    predictions = predict_seeds(again.weights, VALID, SCHEMA, selection, DEEP, CONFIG)
    assert predictions.columns == ["label", "seed_5", "seed_6"]


def test_a_corrupt_checkpoint_is_named(tmp_path):
    path = tmp_path / "c"
    path.write_bytes(b"\x00" * 100)
    with pytest.raises(UserError, match=r"is damaged .*: delete it"):
        Checkpoint(path).load()
