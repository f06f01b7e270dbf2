"""The loop: resumed equals uninterrupted, best weights are kept, planted pairs are found."""

import numpy as np
import pytest
import torch

from autofis_kedro.errors import UserError
from autofis_kedro.evaluation.metrics import score
from autofis_kedro.models import CTRModel, MLPSpec, ModelSpec
from autofis_kedro.selection import keep_all, random_selection, select
from autofis_kedro.training import (
    CheckpointConfig,
    ExtractionConfig,
    SearchConfig,
    TrainingConfig,
    extract_selection,
    fit,
    predict_seeds,
    search_gates,
    train_seeds,
)
from autofis_kedro.training.checkpoint import Checkpoint
from autofis_kedro.training.evaluate import predict
from autofis_kedro.training.optimizers import make_optimizers
from autofis_kedro.training.run import is_boundary
from autofis_kedro.training.search import search_spec
from autofis_kedro.training.seeds import build
from autofis_kedro.training.tables import is_deferred
from tests.problems import planted_problem, random_examples, schema_of

SCHEMA = schema_of([9, 8, 7, 6], multi_hot=(2,))
TRAIN, VALID = random_examples(SCHEMA, 900, 0), random_examples(SCHEMA, 300, 1)
DEEP = ModelSpec(embedding_dim=4, normalize=True, weighting="learned", mlp=MLPSpec(hidden=(8,), dropout=0.3))
CONFIG = TrainingConfig(epochs=4, batch_size=64, patience=9, l2_embedding=1e-4, learning_rate_decay=0.9)


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


def test_deferred_tables_train_as_dense_ones_and_lazy_ones_do_not():
    def train(table_adam):
        config = TrainingConfig(epochs=3, batch_size=64, patience=9, learning_rate=0.01, table_adam=table_adam)
        return fit(CTRModel(ModelSpec(embedding_dim=4), SCHEMA, seed=1), TRAIN, VALID, config, seed=1).weights

    dense, deferred, lazy = (train(kind)["embedding.weight"] for kind in ("dense", "deferred", "lazy"))
    moved = (dense - CTRModel(ModelSpec(embedding_dim=4), SCHEMA, seed=1).embedding.weight).abs().max()
    assert (deferred - dense).abs().max() < 1e-4 * moved
    assert (lazy - dense).abs().max() > 1e-2 * moved


def test_bfloat16_rounds_in_training_and_leaves_weights_and_evaluation_as_they_are():
    def train(precision):
        config = CONFIG.model_copy(update={"mlp_precision": precision})
        model = CTRModel(DEEP, SCHEMA, seed=1)
        return model, fit(model, TRAIN, VALID, config, seed=1)

    (_, plain), (model, rounded) = train("float32"), train("bfloat16")
    assert all(tensor.dtype != torch.bfloat16 for tensor in rounded.weights.values())
    assert rounded.history[0].train_loss != plain.history[0].train_loss
    assert rounded.history[0].train_loss == pytest.approx(plain.history[0].train_loss, rel=1e-2)
    before = predict(model, VALID, CONFIG)
    model.mlp.training_precision = "float32"
    np.testing.assert_array_equal(predict(model, VALID, CONFIG), before)


def test_tables_are_deferred_where_a_batch_reads_few_of_their_rows():
    model = CTRModel(ModelSpec(embedding_dim=4), SCHEMA)
    for batch_size, l2, expected in ((2, 0.0, True), (64, 0.0, False), (2, 1e-6, False)):
        config = TrainingConfig(batch_size=batch_size, l2_embedding=l2)
        assert is_deferred(model.embedding, model, config, l2) == expected


def test_a_penalty_that_deferred_tables_cannot_have_is_named():
    config = CONFIG.model_copy(update={"table_adam": "deferred"})
    with pytest.raises(UserError, match=r"table_adam 'deferred' .* set l2_embedding"):
        fit(CTRModel(DEEP, SCHEMA), TRAIN, VALID, config, seed=0)


def test_the_best_weights_on_validation_are_kept():
    model = CTRModel(ModelSpec(embedding_dim=4), SCHEMA, seed=0)
    fitted = fit(model, TRAIN, VALID, TrainingConfig(epochs=8, batch_size=32, learning_rate=0.05, patience=3), seed=0)
    best = min(record.valid_log_loss for record in fitted.history)
    assert fitted.history[-1].valid_log_loss > best, "random labels must over-fit here, else this tests nothing"
    assert score(VALID.labels, predict(model, VALID, CONFIG)).log_loss == pytest.approx(best, abs=1e-7)


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
    with pytest.raises(UserError, match=r"is corrupt .* delete it"):
        Checkpoint(path).load()


def test_a_diverging_training_is_named():
    config = TrainingConfig(epochs=3, batch_size=64, learning_rate=1e30)
    with pytest.raises(UserError, match=r"lower learning_rate"):
        fit(CTRModel(ModelSpec(embedding_dim=4), SCHEMA), TRAIN, VALID, config, seed=0)


def test_examples_of_another_schema_are_named():
    with pytest.raises(UserError, match="train examples"):
        fit(CTRModel(ModelSpec(embedding_dim=2), schema_of([3, 3])), TRAIN, VALID, CONFIG, seed=0)


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("parts", [1, 2, 5])
def test_an_epoch_has_its_parts_even_if_it_has_few_steps(steps, parts):
    found = [step for step in range(1, 2 * steps + 1) if is_boundary(step, steps, parts)]
    assert len(found) == 2 * min(parts, steps)
    assert {steps, 2 * steps} <= set(found)


@pytest.fixture(scope="module")
def searched():
    schema, train, valid = planted_problem(seed=1)
    spec, config = ModelSpec(embedding_dim=8), TrainingConfig(batch_size=1000, learning_rate=1e-2)
    found = search_gates(train, valid, schema, spec, config, SearchConfig(epochs=6), seed=0)
    return schema, train, valid, spec, config, found


def test_the_planted_pairs_have_the_largest_alpha(searched):
    *_, found = searched
    top = found.gates.sort("rank").head(3).select("field_1", "field_2").rows()
    assert set(top) == {("f0", "f1"), ("f2", "f5"), ("f3", "f4")}
    assert found.trajectory["step"].max() == 6 * 32
    assert found.trajectory.filter(step=found.trajectory["step"].max()).height == 15


def test_the_ladder_keeps_exactly_the_planted_pairs(searched):
    schema, train, valid, spec, config, found = searched
    inputs = (found.gates, found.weights, train, valid, schema, spec, config)
    selection = extract_selection(*inputs, ExtractionConfig(), seed=0)
    assert {kept.fields for kept in selection.interactions} == {("f0", "f1"), ("f2", "f5"), ("f3", "f4")}
    by_size = {point.size: point for point in selection.curve}
    assert by_size[1].difference > 2 * by_size[1].standard_error
    given = extract_selection(*inputs, ExtractionConfig(rule="top_k", size=7), seed=0)
    assert len(given.interactions) == 7
    with pytest.raises(UserError, match=r"needs extraction\.size"):
        extract_selection(*inputs, ExtractionConfig(rule="top_k"), seed=0)


def test_a_third_order_search_finds_the_planted_triple_beside_the_kept_pairs():
    schema, train, valid = planted_problem(seed=2, n_fields=5, n_values=8, planted=((0, 1), (1, 3, 4)))
    spec = ModelSpec(order=3, embedding_dim=8)
    config = TrainingConfig(batch_size=1000, learning_rate=1e-2)
    base = select(schema, ((0, 1), (2, 3)), "given")
    search = SearchConfig(epochs=6, final_threshold_3rd=0.8)
    found = search_gates(train, valid, schema, spec, config, search, seed=0, base=base)
    assert len(found.gates) == 10
    assert found.gates.sort("rank").select("field_1", "field_2", "field_3").row(0) == ("f1", "f3", "f4")
    assert found.trajectory.columns == ["step", "field_1", "field_2", "field_3", "alpha"]
    inputs = (found.gates, found.weights, train, valid, schema, spec, config)
    selection = extract_selection(*inputs, ExtractionConfig(), seed=0, base=base)
    assert selection.of_order(2, schema) == ((0, 1), (2, 3)), "the pairs of the base stay"
    assert (1, 3, 4) in selection.of_order(3, schema)
    assert selection.count(3) < 10
    alphas = selection.alpha_of(2, schema)
    assert abs(alphas[0]) > 2 * abs(alphas[1]), "their alpha is this search's"
    warm = build(search_spec(spec), schema, selection, seed=0, warm_alpha=True)
    torch.testing.assert_close(warm.gates.detach(), torch.tensor(alphas))


def test_a_bi_level_search_moves_gates_on_validation_rows_alone():
    spec = ModelSpec(embedding_dim=4, normalize=True, weighting="learned")
    search = SearchConfig(epochs=1, optimization="bi_level", final_threshold=0.0)

    def alpha(train, valid):
        model = CTRModel(spec, SCHEMA, seed=1)
        config = TrainingConfig(batch_size=450, learning_rate=1e-12)  # the weights hardly move
        return fit(model, train, valid, config, seed=1, search=search).weights["interactions.alpha_P"]

    other = random_examples(SCHEMA, 900, 7)
    torch.testing.assert_close(alpha(TRAIN, VALID), alpha(other, VALID), rtol=1e-4, atol=1e-5)
    assert (alpha(TRAIN, VALID) - alpha(TRAIN, random_examples(SCHEMA, 300, 8))).abs().max() > 1e-3


def test_no_triple_is_kept_where_none_is_needed():
    schema, train, valid = planted_problem(seed=3, n_fields=4, n_values=8, n_rows=20_000, planted=((0, 1),), noise=3.0)
    spec = ModelSpec(order=3, embedding_dim=8)
    config = TrainingConfig(batch_size=1000, learning_rate=1e-2)
    base = select(schema, ((0, 1),), "given")
    found = search_gates(train, valid, schema, spec, config, SearchConfig(epochs=6), seed=0, base=base)
    inputs = (found.gates, found.weights, train, valid, schema, spec, config)
    selection = extract_selection(*inputs, ExtractionConfig(), seed=0, base=base)
    assert [kept.fields for kept in selection.interactions] == [("f0", "f1")]
    assert selection.curve[0].size == 0
    assert build(spec, schema, selection, seed=0).triples is None


def test_each_order_has_its_own_strength():
    search = SearchConfig(c=0.1, mu=0.5, c_3rd=0.3)
    assert (search.of_order(2).c, search.of_order(3).c, search.of_order(3).mu) == (0.1, 0.3, 0.5)
    model = CTRModel(ModelSpec(order=3, embedding_dim=2, weighting="learned"), SCHEMA)
    paper = search.model_copy(update={"strength": "paper"})
    groups = make_optimizers(model, CONFIG, paper, 10).grda.param_groups
    assert [(group["c"], len(group["params"][0])) for group in groups] == [(0.1, 6), (0.3, 4)]


def test_all_gates_closed_says_what_to_change(searched):
    schema, train, valid, spec, config, found = searched
    closed = found.gates.with_columns(alpha=0.0)
    inputs = (closed, found.weights, train, valid, schema, spec, config)
    with pytest.raises(UserError, match=r"all 15 gates closed: lower search\.final_threshold"):
        extract_selection(*inputs, ExtractionConfig(rule="nonzero"), seed=0)


def test_the_shuffle_and_seed_decide_everything():
    def weights(seed):
        model = CTRModel(DEEP, SCHEMA, seed=seed)
        return fit(model, TRAIN, VALID, CONFIG.model_copy(update={"epochs": 1}), seed=seed).weights

    assert all(torch.equal(a, b) for a, b in zip(weights(1).values(), weights(1).values(), strict=True))
    assert not np.allclose(weights(1)["linear.weight"], weights(2)["linear.weight"])


@pytest.mark.parametrize(
    "spec",
    [
        ModelSpec(embedding_dim=4, weighting="learned"),
        ModelSpec(embedding_dim=4, linear=False, feeds="mlp", mlp=MLPSpec(hidden=(8,))),
    ],
    ids=["fwfm", "ipnn"],
)
def test_keep_all_and_its_own_selection_train_the_same_model(spec):
    everything = keep_all(SCHEMA)
    config = CONFIG.model_copy(update={"epochs": 1})
    by_selection = train_seeds(TRAIN, VALID, SCHEMA, everything, spec, config, n_seeds=1, seed=0).weights
    plain = fit(CTRModel(spec, SCHEMA, seed=0), TRAIN, VALID, config, seed=0).weights
    assert all(torch.equal(by_selection[f"seed_0/{key}"], plain[key]) for key in plain)
