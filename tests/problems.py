"""Small problems that several test modules share."""

from itertools import combinations

import numpy as np
import torch

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


def taken_gradient(table, batch):
    """What a table that keeps its gradient has of a batch, as autograd would have it: [N, width]."""
    reads = table.grouped_reads(batch)
    return dense_gradient(table.weight, table.take_gradient(), batch, reads)


def dense_gradient(weight, gradient, batch, reads):
    """A ``RowGradient`` as autograd would have it: [N, width]."""
    dense = torch.zeros_like(weight).detach()
    if gradient.of_reads_ZK is not None:
        dense.index_add_(0, batch.ids_Z, gradient.of_reads_ZK)
    if gradient.of_rows_UK is not None:
        dense.index_add_(0, reads.rows_U, gradient.of_rows_UK)
    return dense


def random_batch(schema, n_rows=7, seed=0) -> Batch:
    """A batch of random rows."""
    return take(random_examples(schema, n_rows, seed), slice(None))


def most_reads(batch):
    """Of one table row by a batch: so many gradients are added up at most."""
    return int(torch.bincount(batch.ids_Z).max())


def planted_problem(seed, n_fields=6, n_values=20, n_rows=40_000, planted=((0, 1), (2, 5), (3, 4)), noise=0.1):
    """Paper Eq. 16-17: schema, train and validation examples; only the planted pairs (or triples) interact."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, n_values, (n_rows, n_fields))
    z = sum(rng.normal(size=n_values)[x[:, i]] for i in range(n_fields))
    for fields in planted:
        z = z + rng.normal(size=(n_values,) * len(fields))[tuple(x[:, i] for i in fields)]
    labels = z + noise * rng.normal(size=n_rows) >= np.median(z)
    schema = schema_of([n_values + N_SPECIAL] * n_fields)
    ids = x + N_SPECIAL + np.array(schema.offsets[:-1])
    cut = n_rows * 4 // 5
    return schema, Examples.from_arrays(ids[:cut], labels[:cut]), Examples.from_arrays(ids[cut:], labels[cut:])


def logits_by_hand(model, examples, number=lambda vector: vector, n_rows=None):
    """The published formula row by row in float64: linear, every interaction, norm with moving statistics, MLP.

    ``number`` makes of what is read from a table the numbers that are reckoned with; of ``n_rows`` rows, or all.
    """
    schema, spec = model.schema, model.spec
    state = {k: v.double().numpy() for k, v in model.state_dict().items()}
    one_hot = {position: column for column, position in enumerate(schema.one_hot_positions)}

    def pooled(table, row, position):
        if position in one_hot:
            return number(table[examples.one_hot[row, one_hot[position]]])
        lists = examples.bags[position]
        vectors = number(table[lists.values[lists.offsets[row] : lists.offsets[row + 1]]])
        return vectors.mean(0) if spec.pooling == "mean" else vectors.sum(0)

    def read(name, row):
        return [pooled(state[f"{name}.weight"], row, i) for i in range(schema.n_fields)]

    logits = []
    for row in range(examples.n_rows if n_rows is None else n_rows):
        logit = sum(w[0] for w in read("linear", row)) if "linear.weight" in state else 0.0
        logit += state["bias"][0] if "bias" in state else 0.0
        if spec.has_embeddings:
            e = read("embedding", row)
            own = read("triple_embedding", row) if "triple_embedding.weight" in state else e
            if "field_vectors_FK" in state:
                logit += sum(vector @ e_i for vector, e_i in zip(state["field_vectors_FK"], e, strict=True))
            values = _second_order(model, state, e) + _third_order(model, state, own)
            is_fed = spec.feeds == "mlp"
            logit += 0.0 if is_fed else sum(values)
            logit += _mlp(spec, state, np.concatenate([*e, values] if is_fed else e))
        logits.append(logit)
    return np.array(logits)


def _second_order(model, state, e):
    """What each pair contributes, as a list."""
    if model.interactions is None:
        return []
    pairs, spec, k = model.kept[0], model.spec, model.spec.embedding_dim
    if spec.weighting == "attention":
        return _attended(state, [e[i] * e[j] for i, j in pairs], spec.attention.temperature)
    if spec.pair_network is not None:
        return [number for p, (i, j) in enumerate(pairs) for number in _pair_network(state, p, e[i], e[j])]
    if spec.field_aware:
        products = [sum(e[i][j * k + n] * e[j][i * k + n] for n in range(k)) for i, j in pairs]
    else:
        products = [sum(a * b for a, b in zip(e[i], e[j], strict=True)) for i, j in pairs]
    return _weighed(spec, state, "interactions", products)


def _third_order(model, state, e):
    if model.triples is None:
        return []
    triples = model.kept[1]
    return _weighed(model.spec, state, "triples", [sum(e[i] * e[j] * e[n]) for i, j, n in triples])


def _weighed(spec, state, part, products):
    values = []
    for p, z in enumerate(products):
        if spec.normalize:
            z = (z - state[f"{part}.norm.mean_U"][p]) / np.sqrt(state[f"{part}.norm.variance_U"][p] + 1e-3)
        values.append(z * state[f"{part}.alpha_P"][p] if spec.weighting == "learned" else z)
    return values


def _attended(state, products, temperature):
    get = lambda name: state[f"interactions.{name}"]
    scores = [get("score_A") @ np.maximum(product @ get("weight_KA") + get("bias"), 0) for product in products]
    weights = np.exp(np.array(scores) / temperature)
    weights = weights / weights.sum()
    pooled = sum(product * weight for weight, product in zip(weights, products, strict=True))
    return [get("projection_K") @ pooled]


def _pair_network(state, p, first, second):
    get = lambda name: state[f"interactions.{name}"][p]
    hidden = np.concatenate([first, second, first * second]) @ get("first_PXH") + get("hidden_bias")[0]
    hidden = _layer_normed(hidden)
    return np.maximum(hidden, 0) @ get("second_PHD") + get("out_bias")[0]


def _layer_normed(z):
    centred = z - z.mean()
    return centred / np.sqrt((centred * centred).mean() + 1e-5)


def _mlp(spec, state, a):
    if spec.mlp is None:
        return 0.0
    for n in range(len(spec.mlp.hidden)):
        layer = f"mlp.hidden.{n}"
        z = a @ state[f"{layer}.weight"]
        if spec.mlp.normalization == "layer":
            z = _layer_normed(z)
        elif spec.mlp.normalization != "none":
            z = (z - state[f"{layer}.norm.mean_U"]) / np.sqrt(state[f"{layer}.norm.variance_U"] + 1e-3)
        z = (z * state[f"{layer}.scale"] if f"{layer}.scale" in state else z) + state[f"{layer}.bias"]
        a = np.maximum(z, 0.0)
    return a @ state["mlp.last.weight"][:, 0] + state["mlp.last.bias"][0]


def all_pairs(n_fields):
    """Every pair of field positions."""
    return tuple(combinations(range(n_fields), 2))


def all_triples(n_fields):
    """Every triple of field positions."""
    return tuple(combinations(range(n_fields), 3))
