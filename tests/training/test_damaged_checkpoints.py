"""A damaged checkpoint is refused by name, and so are weights that are of no such model."""

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from autofis_kedro.errors import UserError
from autofis_kedro.models import CTRModel, ModelSpec
from autofis_kedro.models.state import load_state
from autofis_kedro.training import TrainingConfig, fit
from autofis_kedro.training.checkpoint import Checkpoint
from tests.problems import planted_problem

VALUE = {"step": 3, "history": [{"epoch": 1.0}]}


@pytest.fixture
def saved(tmp_path):
    checkpoint = Checkpoint(tmp_path / "fm" / "seed_0.safetensors")
    checkpoint.save({"a": torch.arange(6.0).view(2, 3), "b": torch.tensor(3), "c": torch.zeros(0)}, VALUE)
    return checkpoint


def test_what_is_saved_is_loaded(saved):
    tensors, value = saved.load()
    assert tensors["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert value == VALUE


@pytest.mark.parametrize("place", [0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
def test_a_flipped_byte_is_found(saved, place):
    content = bytearray(saved.path.read_bytes())
    content[round(place * (len(content) - 1))] ^= 2
    saved.path.write_bytes(content)
    with pytest.raises(UserError, match=r"checkpoint '.*seed_0.*' is damaged .*: delete it to train from the start"):
        saved.load()


@pytest.mark.parametrize("damage", ["cut", "empty", "a folder", "text"])
def test_what_is_no_checkpoint_is_found(saved, damage):
    content = saved.path.read_bytes()
    saved.path.unlink()
    if damage == "a folder":
        saved.path.mkdir()
    else:
        saved.path.write_bytes({"cut": content[:-3], "empty": b"", "text": b"no checkpoint"}[damage])
    with pytest.raises(UserError, match="is damaged"):
        saved.load()


SCHEMA, TRAIN, VALID = planted_problem(0, n_fields=3, n_values=5, n_rows=600, planted=((0, 1),))


class Killed(Exception):
    """In place of a signal."""


def train(checkpoint):
    model = CTRModel(ModelSpec(embedding_dim=2), SCHEMA, seed=0)
    config = TrainingConfig(epochs=2, batch_size=100, device="cpu")
    return fit(model, TRAIN, VALID, config, seed=0, checkpoint=checkpoint)


def interrupted(tmp_path, monkeypatch):
    """The checkpoint of a training that was killed after its first epoch."""
    checkpoint = Checkpoint(tmp_path / "seed_0.safetensors", minutes=0)
    save = Checkpoint.save

    def saved_and_killed(self, tensors, value):
        save(self, tensors, value)
        if value["step"] == 7:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoint, "save", saved_and_killed)
        with pytest.raises(Killed):
            train(checkpoint)
    return Checkpoint(checkpoint.path, minutes=60)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t, v: t.pop("model/bias"), "'bias' is missing"),
        (
            lambda t, v: t.update({"model/bias": torch.zeros(7)}),
            r"'bias' is float32 \[7\], the model has float32 \[1\]",
        ),
        (lambda t, v: t.update({"model/bias": torch.zeros(1, dtype=torch.int64)}), "'bias' is int64"),
        (lambda t, v: t["model/bias"].fill_(float("nan")), "'bias' holds numbers that are not finite"),
        (lambda t, v: t.update({"best/more": torch.zeros(1)}), "'more' is of no such model"),
        (lambda t, v: t.pop("torch_rng"), "KeyError"),
        (lambda t, v: v.pop("step"), "KeyError"),
        (lambda t, v: v.update(history=[{"nothing": 1}]), "TypeError"),
        (lambda t, v: v.update(adam=7), "damaged"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_named(tmp_path, monkeypatch, change, said):
    checkpoint = interrupted(tmp_path, monkeypatch)
    tensors, value = checkpoint.load()
    change(tensors, value)
    checkpoint.save(tensors, value)
    with pytest.raises(UserError, match=said) as raised:
        train(checkpoint)
    assert str(checkpoint.path) in str(raised.value)


def test_a_checkpoint_without_a_checksum_is_of_no_training(saved):
    with safe_open(saved.path, framework="pt") as file:
        tensors, value = {"b": file.get_tensor("b")}, file.metadata()["value"]
    save_file(tensors, saved.path, metadata={"value": value})
    with pytest.raises(UserError, match="is damaged"):
        saved.load()


def test_weights_that_fit_are_taken():
    one, other = (CTRModel(ModelSpec(embedding_dim=2), SCHEMA, seed=seed) for seed in (0, 1))
    load_state(one, other.state_dict(), "weights")
    assert all(torch.equal(one.state_dict()[name], found) for name, found in other.state_dict().items())
