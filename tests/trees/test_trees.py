"""Trees on raw numbers and ranks; their leaves as fields; logistic regression over them."""

import numpy as np
import polars as pl
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from autofis_kedro.data.batches import take
from autofis_kedro.data.bucketing import BucketingConfig, Quantiles
from autofis_kedro.data.encode import EncodedRows, Encoder
from autofis_kedro.data.examples import Examples, check_examples
from autofis_kedro.data.names import LABEL
from autofis_kedro.data.schema import MISSING, N_SPECIAL, OTHER, UNSEEN, Schema
from autofis_kedro.data.vocabulary_fitting import fit_vocabularies, kinds_of
from autofis_kedro.errors import UserError
from autofis_kedro.models import CTRModel, ModelSpec
from autofis_kedro.trees import (
    Forest,
    LeafRegressionConfig,
    LeafRows,
    TreeRows,
    TreesConfig,
    append_leaves,
    fit_leaf_regression,
    grow,
    leaf_schema,
)
from autofis_kedro.trees.columns import TreeColumns
from tests.rounding import bound

SMALL = TreesConfig(n_trees=6, max_depth=3, min_rows_in_leaf=5, learning_rate=0.3)


def typed(n_rows, seed):
    """A click is likely where price lies between 3 and 3.2, which no bucket of a few quantiles tells, or tag b is."""
    rng = np.random.default_rng(seed)
    price = np.where(rng.random(n_rows) < 0.05, np.nan, rng.uniform(0, 10, n_rows))
    tags = [sorted(rng.choice(["a", "b", "c"], rng.integers(0, 3), replace=False)) for _ in range(n_rows)]
    city = rng.choice(["x", "y", "z"], n_rows, p=[0.2, 0.7, 0.1])
    p = 0.1 + 0.8 * ((price > 3) & (price < 3.2)) + 0.3 * np.array(["b" in t for t in tags])
    label = (rng.random(n_rows) < np.minimum(p, 0.95)).astype(np.uint8)
    return pl.DataFrame(
        {LABEL: label, "price": price, "tags": tags, "city": city}, schema_overrides={"tags": pl.List(pl.String)}
    ).with_columns(pl.col("price").fill_nan(None))


@pytest.fixture(scope="module")
def problem():
    frames = {split: typed(n, seed).lazy() for seed, (split, n) in enumerate({"train": 6000, "valid": 2000}.items())}
    kinds = {"price": "numeric", "tags": "multi_hot", "city": "categorical"}
    assert kinds_of(frames["train"]) == kinds
    vocabularies = fit_vocabularies(frames["train"], kinds, BucketingConfig(dataset="t", numeric=Quantiles(count=4)))
    schema = vocabularies.schema("t")
    rows = {}
    for split, frame in frames.items():
        rows[split] = TreeRows(frame, EncodedRows(frame, Encoder(vocabularies, schema), split).collect())
    return schema, rows


@pytest.fixture(scope="module")
def grown(problem):
    schema, rows = problem
    return grow(rows["train"], rows["valid"], schema, SMALL, seed=3)


def test_columns_are_raw_numbers_indicators_and_ranks_by_frequency(problem):
    schema, rows = problem
    frame, examples = next(rows["train"].chunks())
    columns = TreeColumns.count(schema, examples)
    matrix = columns.matrix(frame, examples)
    assert matrix.shape == (6000, columns.n_columns)
    np.testing.assert_array_equal(matrix[:, 0], frame["price"].cast(pl.Float32).fill_null(np.nan).to_numpy())
    held = [{i for i in range(1, matrix.shape[1] - 1) if row[i]} for row in matrix[:200]]
    assert [len(h) for h in held] == frame["tags"][:200].list.len().to_list()
    ranks = dict(zip(frame["city"], matrix[:, -1], strict=True))
    assert (ranks["y"], ranks["x"], ranks["z"]) == (0, 1, 2)
    for start in schema.offsets[:-1]:
        assert np.isnan(columns.rank_N[[start + MISSING, start + UNSEEN]]).all()
        assert not np.isnan(columns.rank_N[start + OTHER])


def test_trees_split_inside_a_bucket(problem, grown):
    schema, rows = problem
    frame, examples = next(rows["valid"].chunks())
    leaves = grown.forest.leaves(grown.forest.columns.matrix(frame, examples))
    price, buckets = frame["price"].to_numpy(), examples.one_hot[:, schema.position("price")]
    inside = (price > 3.02) & (price < 3.18)
    outside = (buckets == buckets[inside][0]) & ((price < 2.9) | (price > 3.3))
    assert not {tuple(row) for row in leaves[inside]} & {tuple(row) for row in leaves[outside]}


def test_growing_again_gives_the_same_trees(problem, grown):
    schema, rows = problem
    again = grow(rows["train"], rows["valid"], schema, SMALL, seed=3)
    assert again.forest.text == grown.forest.text
    assert again.history.equals(grown.history)


def test_a_forest_survives_as_tensors(problem, grown):
    schema, rows = problem
    frame, examples = next(rows["valid"].chunks())
    back = Forest.of_tensors(grown.forest.tensors(), schema)
    matrix = grown.forest.columns.matrix(frame, examples)
    np.testing.assert_array_equal(back.leaves(matrix), grown.forest.leaves(back.columns.matrix(frame, examples)))
    other = Schema(dataset="t", fields=schema.fields[:1])
    with pytest.raises(UserError, match=r"grown for .* ids, data set 't' has"):
        Forest.of_tensors(grown.forest.tensors(), other)


def test_only_rows_in_memory_are_drawn(problem):
    schema, rows = problem
    few = SMALL.model_copy(update={"max_rows": 500})
    forest = grow(rows["train"], rows["valid"], schema, few, seed=0).forest
    counts = [line for line in forest.text.splitlines() if line.startswith("leaf_count=")]
    assert sum(map(int, counts[0].removeprefix("leaf_count=").split())) == 500


def test_leaves_are_fields_of_their_own(tmp_path, problem, grown):
    schema, rows = problem
    extended = leaf_schema(schema, grown.forest)
    assert extended.names[: schema.n_fields] == schema.names
    assert [f.size - N_SPECIAL for f in extended.fields[schema.n_fields :]] == list(grown.forest.n_leaves_T)
    LeafRows(rows["valid"], grown.forest, extended).write(tmp_path / "leaves")
    stored = Examples.open(tmp_path / "leaves", extended)
    check_examples(stored, extended, "leaves")
    frame, examples = next(rows["valid"].chunks())
    direct = append_leaves(frame, examples, grown.forest, extended)
    np.testing.assert_array_equal(stored.one_hot, direct.one_hot)
    leaves = grown.forest.leaves(grown.forest.columns.matrix(frame, examples))
    n = leaves.shape[1]
    local = stored.one_hot[:, -n:] - np.array(extended.offsets[-1 - n : -1])
    np.testing.assert_array_equal(local - N_SPECIAL, leaves)
    np.testing.assert_array_equal(stored.one_hot[:, :-n], examples.one_hot)
    assert {position: lists.values.tolist() for position, lists in stored.bags.items()} == {
        position: lists.values.tolist() for position, lists in examples.bags.items()
    }


def with_leaves(problem, grown):
    schema, rows = problem
    extended = leaf_schema(schema, grown.forest)
    parts = {}
    for split in rows:
        ((frame, examples),) = rows[split].chunks()
        parts[split] = append_leaves(frame, examples, grown.forest, extended)
    return extended, parts


def test_the_regressions_weights_are_an_lr_of_ours(problem, grown):
    extended, parts = with_leaves(problem, grown)
    n_trees = len(grown.forest.n_leaves_T)
    fitted = fit_leaf_regression(parts["train"], parts["valid"], extended, n_trees, LeafRegressionConfig(c=(0.1,)))
    model = CTRModel(ModelSpec(order=1, embedding_dim=1), extended)
    model.load_state_dict(fitted.weights)
    ours = torch.sigmoid(model(take(parts["valid"], slice(None)))).detach().numpy()

    def dense(examples):
        rows, first = len(examples), extended.offsets[-1 - n_trees]
        ones = np.ones(rows * n_trees, dtype=np.float32)
        ids = examples.one_hot[:, -n_trees:].ravel() - first
        return csr_array((ones, ids, np.arange(0, rows * n_trees + 1, n_trees)), shape=(rows, extended.n_ids - first))

    theirs = LogisticRegression(C=0.1, max_iter=300).fit(dense(parts["train"]), parts["train"].labels)
    # both stop where a gradient of the mean loss is below the solver's 1e-4
    np.testing.assert_allclose(ours, theirs.predict_proba(dense(parts["valid"]))[:, 1], atol=1e-4)
    assert roc_auc_score(parts["valid"].labels, ours) > 0.7


def test_passes_over_chunks_come_close_to_the_exact_solver(problem, grown):
    extended, parts = with_leaves(problem, grown)
    n_trees = len(grown.forest.n_leaves_T)
    losses = []
    for limit in (10**9, 0):
        config = LeafRegressionConfig(c=(0.1,), exact_up_to=limit, passes=20)
        fitted = fit_leaf_regression(parts["train"], parts["valid"], extended, n_trees, config)
        losses.append(fitted.history["valid_log_loss"][0])
    assert losses[1] == pytest.approx(losses[0], abs=0.01)


def test_penalties_are_tried_until_validation_gets_worse(problem, grown):
    extended, parts = with_leaves(problem, grown)
    fitted = fit_leaf_regression(
        parts["train"],
        parts["valid"],
        extended,
        len(grown.forest.n_leaves_T),
        LeafRegressionConfig(c=(1e-5, 0.03, 1e-6, 1)),
    )
    assert fitted.history["c"].to_list() == [1e-5, 0.03, 1e-6]
    best = fitted.history.sort("valid_log_loss").row(0, named=True)
    model = CTRModel(ModelSpec(order=1, embedding_dim=1), extended)
    model.load_state_dict(fitted.weights)
    ours = model(take(parts["valid"], slice(None))).detach()
    loss = torch.nn.functional.binary_cross_entropy_with_logits(ours, torch.tensor(parts["valid"].labels).float())
    n_trees, largest = len(grown.forest.n_leaves_T), float(model.linear.weight.detach().abs().max())
    off = bound(
        n_trees + 3, n_trees * largest + abs(float(model.bias.detach()))
    )  # of a row's logit, and so of its loss
    assert float(loss) == pytest.approx(best["valid_log_loss"], abs=off + bound(len(ours), float(loss)))


def test_a_forest_of_too_many_leaves_is_refused_before_it_grows():
    config = TreesConfig(n_trees=100, max_depth=20, n_leaves=None)
    with pytest.raises(UserError, match=r"up to 104,857,600 leaves.*at most 1,000,000: reduce trees.max_depth"):
        _ = config.leaves
    assert TreesConfig(n_trees=100, max_depth=20, n_leaves=64).leaves == 64
    assert TreesConfig(max_depth=3, n_leaves=64).leaves == 8


def test_rows_that_do_not_belong_together_are_refused_and_taken_names_work(problem, grown):
    schema, rows = problem
    with pytest.raises(UserError, match="5 typed rows and 2000 encoded ones"):
        list(TreeRows(rows["valid"].typed.head(5), rows["valid"].examples).chunks())
    taken = schema.fields[0].model_copy(update={"name": "tree_1"})
    extended = leaf_schema(Schema(dataset="t", fields=(taken, *schema.fields[1:])), grown.forest)
    assert extended.names[schema.n_fields] == "leaf_of_tree_1", "a field may have the name of a tree's leaves"
