"""Small problems that several test modules share."""

from itertools import combinations

import numpy as np

from autofis_kedro.data.batches import Batch, take
from autofis_kedro.data.examples import Examples, IdLists
from autofis_kedro.data.schema import N_SPECIAL, Field, Schema


def schema_of(sizes, multi_hot=(), other_rows=0):
    """A schema of fields f0, f1, ... with the given sizes."""
    fields = [
        Field(name=f"f{i}", kind="multi_hot" if i in multi_hot else "categorical", size=size, other_rows=other_rows)
        for i, size in enumerate(sizes)
    ]
    return Schema(dataset="test", fields=tuple(fields))


def random_examples(schema, n_rows, seed):
    """Rows with uniform ids in every field, multi-hot fields with 1 to 4 ids, and fair labels."""
    rng = np.random.default_rng(seed)
    ids = [rng.integers(schema.offsets[i], schema.offsets[i + 1], n_rows) for i in schema.one_hot_positions]
    bags = {}
    for i in schema.multi_hot_positions:
        lengths = rng.integers(1, 5, n_rows)
        values = rng.integers(schema.offsets[i], schema.offsets[i + 1], lengths.sum()).astype(np.int32)
        bags[i] = IdLists(values, np.concatenate([[0], lengths.cumsum()]).astype(np.int64))
    return Examples.from_arrays(np.stack(ids, 1), rng.integers(0, 2, n_rows), bags)


def random_batch(schema, n_rows=7, seed=0) -> Batch:
    """A batch of random rows."""
    return take(random_examples(schema, n_rows, seed), slice(None))


def planted_problem(seed, n_fields=6, n_values=20, n_rows=40_000, planted=((0, 1), (2, 5), (3, 4))):
    """Paper Eq. 16-17: schema, train and validation examples; only the planted pairs interact."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, n_values, (n_rows, n_fields))
    z = sum(rng.normal(size=n_values)[x[:, i]] for i in range(n_fields))
    for i, j in planted:
        z = z + rng.normal(size=(n_values, n_values))[x[:, i], x[:, j]]
    labels = z + 0.1 * rng.normal(size=n_rows) >= np.median(z)
    schema = schema_of([n_values + N_SPECIAL] * n_fields)
    ids = x + N_SPECIAL + np.array(schema.offsets[:-1])
    cut = n_rows * 4 // 5
    return schema, Examples.from_arrays(ids[:cut], labels[:cut]), Examples.from_arrays(ids[cut:], labels[cut:])


def logits_by_hand(model, examples):
    """The published formula row by row in float64: linear, every pair, norm with moving statistics, alpha, MLP."""
    schema, spec = model.schema, model.spec
    state = {k: v.double().numpy() for k, v in model.state_dict().items()}
    one_hot = {position: column for column, position in enumerate(schema.one_hot_positions)}

    def pooled(table, row, position):
        if position in one_hot:
            return table[examples.one_hot[row, one_hot[position]]]
        lists = examples.bags[position]
        vectors = table[lists.values[lists.offsets[row] : lists.offsets[row + 1]]]
        return vectors.mean(0) if spec.pooling == "mean" else vectors.sum(0)

    logits = []
    for row in range(examples.n_rows):
        logit = sum(pooled(state["linear.weight"], row, i)[0] for i in range(schema.n_fields))
        logit += state["bias"][0] if "bias" in state else 0.0
        if spec.has_embeddings:
            e = [pooled(state["embedding.weight"], row, i) for i in range(schema.n_fields)]
            logit += _interactions(model, state, e) + _mlp(spec, state, np.concatenate(e))
        logits.append(logit)
    return np.array(logits)


def _interactions(model, state, e):
    if model.interactions is None:
        return 0.0
    total = 0.0
    for p, (i, j) in enumerate(model.interactions.pairs_2P.T.tolist()):
        z = sum(a * b for a, b in zip(e[i], e[j], strict=True))
        if model.spec.normalize:
            z = (z - state["interactions.norm.mean_U"][p]) / np.sqrt(state["interactions.norm.variance_U"][p] + 1e-3)
        total += z * (state["interactions.alpha_P"][p] if model.spec.weighting == "learned" else 1.0)
    return total


def _mlp(spec, state, a):
    if spec.mlp is None:
        return 0.0
    for n in range(len(spec.mlp.hidden)):
        layer = f"mlp.hidden.{n}"
        z = a @ state[f"{layer}.weight"]
        if spec.mlp.normalization != "none":
            z = (z - state[f"{layer}.norm.mean_U"]) / np.sqrt(state[f"{layer}.norm.variance_U"] + 1e-3)
        z = z * state.get(f"{layer}.scale", 1.0) + state[f"{layer}.bias"]
        a = np.maximum(z, 0.0)
    return float(a @ state["mlp.last.weight"][:, 0] + state["mlp.last.bias"][0])


def all_pairs(n_fields):
    """Every pair of field positions."""
    return tuple(combinations(range(n_fields), 2))
