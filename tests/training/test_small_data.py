"""Data at their smallest: each training ends right, or with one message before it begins."""

import numpy as np
import pytest

from autofis_kedro.data.examples import Examples
from autofis_kedro.errors import UserError
from autofis_kedro.models import CTRModel
from autofis_kedro.training import ExtractionConfig, SearchConfig, TrainingConfig, extract_selection, fit, search_gates
from tests.models.zoo import SPECS
from tests.problems import random_examples, schema_of

SMALL, TWO_FIELDS = schema_of([5, 6, 7, 8]), schema_of([5, 6])
CONFIG = TrainingConfig(epochs=2, batch_size=8)
KINDS = ["lr", "fm", "autofm", "autodeepfm", "fwfm", "afm", "ffm", "ipnn", "pin", "fm_3rd"]


def rows(schema, n_rows, seed=0, positives=None):
    """Rows of which every second is a click, or the given number."""
    labels = np.arange(n_rows) % 2 if positives is None else np.arange(n_rows) < positives
    return Examples.from_arrays(random_examples(schema, n_rows, seed).one_hot, labels)


def losses(name, schema, train, valid, **given):
    model = CTRModel(SPECS[name], schema, seed=0)
    fitted = fit(model, train, valid, CONFIG.model_copy(update=given), seed=0)
    assert all(bool(tensor.isfinite().all()) for tensor in fitted.weights.values())
    return [record.valid_log_loss for record in fitted.history]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    ("n_train", "given"),
    [
        (17, {}),
        (17, {"batch_norm_statistics": "moving"}),
        (5, {"batch_size": 1000}),
        (20, {"evaluation_batch_size": 1}),
    ],
    ids=["last batch of one row", "the same, moving statistics", "fewer than a batch", "evaluated row by row"],
)
def test_few_rows_are_trained_on(name, n_train, given):
    found = losses(name, SMALL, rows(SMALL, n_train), rows(SMALL, 6, seed=1), **given)
    assert len(found) == 2
    assert np.isfinite(found).all()


@pytest.mark.parametrize("name", [name for name in KINDS if name != "fm_3rd"])
def test_two_fields_are_one_pair(name):
    assert np.isfinite(losses(name, TWO_FIELDS, rows(TWO_FIELDS, 40), rows(TWO_FIELDS, 10, seed=1))).all()


def test_a_single_click_is_enough_to_train_and_to_score():
    one = rows(SMALL, 20, positives=1)
    assert np.isfinite(losses("autodeepfm", SMALL, one, one)).all()


@pytest.mark.parametrize("n_valid", [2, 20])
@pytest.mark.parametrize("optimization", ["one_level", "bi_level"])
@pytest.mark.parametrize("schema", [SMALL, TWO_FIELDS], ids=["four fields", "two fields"])
def test_a_search_of_few_rows_keeps_something(schema, optimization, n_valid):
    train, valid, spec = rows(schema, 9), rows(schema, n_valid, seed=1), SPECS["fm"]
    found = search_gates(train, valid, schema, spec, CONFIG, SearchConfig(optimization=optimization), seed=0)
    assert found.trajectory["step"].max() == 2
    inputs = (found.gates, found.weights, train, valid, schema, spec, CONFIG)
    for rule in ("ladder", "smallest"):
        kept = extract_selection(*inputs, ExtractionConfig(rule=rule, fine_tune_epochs=0.01), seed=0).interactions
        assert 1 <= len(kept) <= len(schema.tuples(2))


@pytest.mark.parametrize("label", [0, 1])
def test_rows_of_one_label_are_named_before_any_training(label, monkeypatch):
    good, bad = rows(SMALL, 20), rows(SMALL, 20, positives=20 * label)
    monkeypatch.setattr(CTRModel, "forward", lambda *_: pytest.fail("trained"))
    for train, valid, what in ((bad, good, "train"), (good, bad, "validation")):
        with pytest.raises(UserError, match=f"{what} examples: the label is {label} in all 20 rows"):
            fit(CTRModel(SPECS["fm"], SMALL), train, valid, CONFIG, seed=0)


def test_no_rows_and_no_pairs_are_named():
    with pytest.raises(UserError, match="validation examples: no rows"):
        fit(CTRModel(SPECS["fm"], SMALL), rows(SMALL, 20), rows(SMALL, 0), CONFIG, seed=0)
    with pytest.raises(UserError, match="order 2 and no interaction"):
        CTRModel(SPECS["fm"], SMALL, pairs=())
    with pytest.raises(UserError, match="order 3 needs 3 fields"):
        CTRModel(SPECS["fm_3rd"], TWO_FIELDS)


def test_a_long_search_tells_its_gates_about_200_times_and_at_its_end():
    train, valid = rows(SMALL, 20), rows(SMALL, 6, seed=1)
    found = search_gates(train, valid, SMALL, SPECS["fm"], CONFIG, SearchConfig(epochs=139), seed=0)
    steps = found.trajectory["step"].unique(maintain_order=True).to_list()
    assert found.cost["steps"] == steps[-1] == 139 * 3
    assert 100 < len(steps) <= 201
    last = found.trajectory.filter(step=steps[-1])["alpha"].to_numpy()
    np.testing.assert_array_equal(last.astype(np.float32), found.weights["interactions.alpha_P"].numpy())
