"""bfloat16 is taken where there are instructions for it; elsewhere one warning says what is taken instead."""

import logging

import pytest
import torch

from autofis_kedro.compiled import processor
from autofis_kedro.models import CTRModel
from autofis_kedro.selection import keep_all
from autofis_kedro.training import precision, train_seeds
from autofis_kedro.training.optimizers import make_optimizers
from tests.training.small import CONFIG, DEEP, SCHEMA, TRAIN, VALID

BF16 = CONFIG.model_copy(update={"mlp_precision": "bfloat16", "epochs": 1})


@pytest.fixture
def without_bfloat16(monkeypatch):
    monkeypatch.setattr(processor, "features", lambda: frozenset({"avx2", "avx512f"}))
    monkeypatch.setattr(processor, "name", lambda: "Some CPU")
    precision._warn.cache_clear()
    yield
    precision._warn.cache_clear()


@pytest.mark.usefixtures("without_bfloat16")
def test_two_seeds_train_in_float32_after_one_warning_with_option_and_processor(caplog):
    def weights(config):
        return train_seeds(TRAIN, VALID, SCHEMA, keep_all(SCHEMA), DEEP, config, n_seeds=2, seed=0).weights

    with caplog.at_level(logging.WARNING):
        found = weights(BF16)
    (warning,) = [record.getMessage() for record in caplog.records if record.name == precision.logger.name]
    assert "training.mlp_precision is bfloat16, and Some CPU (AVX2, AVX-512) has no instructions" in warning
    plain = weights(BF16.model_copy(update={"mlp_precision": "float32"}))
    assert all(torch.equal(found[name], plain[name]) for name in plain)


@pytest.mark.usefixtures("without_bfloat16")
def test_float32_and_models_without_an_mlp_are_no_reason_to_warn(caplog):
    make_optimizers(CTRModel(DEEP, SCHEMA), CONFIG, None, 10)
    make_optimizers(CTRModel(DEEP.model_copy(update={"mlp": None}), SCHEMA), BF16, None, 10)
    assert not caplog.records


def test_a_processor_with_instructions_takes_it(monkeypatch, caplog):
    monkeypatch.setattr(processor, "has_bfloat16", lambda: True)
    model = CTRModel(DEEP, SCHEMA)
    make_optimizers(model, BF16, None, 10)
    assert model.mlp.training_precision == "bfloat16"
    assert not caplog.records


@pytest.mark.parametrize("has", [True, False])
def test_a_gpu_is_asked_itself(has, monkeypatch, caplog):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Some GPU")
    precision._warn.cache_clear()
    expected = "bfloat16" if has else "float32"
    assert precision.usable_precision("bfloat16", torch.device("cuda")) == expected
    assert ["Some GPU" in record.getMessage() for record in caplog.records] == [True] * (not has)
