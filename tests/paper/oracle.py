"""Replays of the recordings of the authors' program."""

import json
from dataclasses import dataclass

import numpy as np
import torch

from autofis_kedro.data.batches import Batch
from autofis_kedro.data.schema import Field, Schema
from autofis_kedro.models import CTRModel, MLPSpec, ModelSpec
from autofis_kedro.optim import GRDA, EpsilonHatAdam
from autofis_kedro.optim.deferred_adam import DeferredAdam
from tests.problems import dense_gradient

NAMES = {
    "embedding/w": "linear.weight",
    "embedding/v": "embedding.weight",
    "embedding/b": "bias",
    "edge_weight/weights": "interactions.alpha_P",
    "prune_BN/moving_mean": "interactions.norm.mean_U",
    "prune_BN/moving_variance": "interactions.norm.variance_U",
    "embedding/thiird_v": "triple_embedding.weight",
    "third_edge_weight/third_weights": "triples.alpha_P",
    "level_3_matrix_BN/moving_mean": "triples.norm.mean_U",
    "level_3_matrix_BN/moving_variance": "triples.norm.variance_U",
    "hidden_0/w_0": "mlp.hidden.0.weight",
    "hidden_0/b_0": "mlp.hidden.0.bias",
    "mlp_bn_0/moving_mean": "mlp.hidden.0.norm.mean_U",
    "mlp_bn_0/moving_variance": "mlp.hidden.0.norm.variance_U",
    "hidden_1/w_1": "mlp.hidden.1.weight",
    "hidden_1/b_1": "mlp.hidden.1.bias",
    "mlp_bn_1/moving_mean": "mlp.hidden.1.norm.mean_U",
    "mlp_bn_1/moving_variance": "mlp.hidden.1.norm.variance_U",
    "hidden_2/w_2": "mlp.last.weight",
    "hidden_2/b_2": "mlp.last.bias",
}


@dataclass
class Recording:
    """One .npz of the oracle."""

    arrays: dict[str, np.ndarray]

    @classmethod
    def load(cls, path):
        with np.load(path) as file:
            return cls({key: file[key] for key in file.files})

    def __getitem__(self, key):
        return self.arrays[key]

    @property
    def hp(self):
        """The recording's hyper-parameters."""
        return json.loads(
            str(self["hp"]).replace("'", '"').replace("None", "null").replace("True", "true").replace("False", "false")
        )

    def under(self, prefix):
        """Arrays below a prefix by the name that our model gives them."""
        return {
            NAMES[k.removeprefix(prefix)]: v
            for k, v in self.arrays.items()
            if k.removeprefix(prefix) in NAMES and k.startswith(prefix)
        }


def model_of(recording):
    """Our model with the recording's first weights."""
    hp = recording.hp
    n_ids, m = len(recording["init/embedding/w"]), recording["X"].shape[2]
    sizes = [3] * (m - 1) + [n_ids - 3 * (m - 1)]  # only the total matters: ids are global
    schema = Schema(
        dataset="oracle", fields=tuple(Field(name=f"f{i}", kind="categorical", size=s) for i, s in enumerate(sizes))
    )
    mlp = MLPSpec(hidden=tuple(hp["layer_sizes"][:-1])) if "layer_sizes" in hp else None
    order = 3 if "triples" in recording.arrays else 2
    spec = ModelSpec(order=order, embedding_dim=hp["embed_size"], normalize=True, weighting="learned", mlp=mlp)
    kept = [tuples_of(recording, key) for key in ("pairs_cols_rows", "triples")[: order - 1]]
    model = CTRModel(spec, schema, *kept)
    load(model, recording.under("init/"))
    return model


def tuples_of(recording, key):
    """Recorded pairs or triples [order, P], which the authors' program lists in our order."""
    found = [tuple(sorted(map(int, fields))) for fields in recording[key].T]
    assert found == sorted(found)
    return tuple(found)


def load(model, arrays):
    """Put recorded arrays into the model; every weight must be there."""
    state = model.state_dict()
    assert set(arrays) == set(state)
    model.load_state_dict(
        {name: torch.from_numpy(np.array(a)).reshape(state[name].shape) for name, a in arrays.items()}
    )


def batch_of(ids, labels):
    """A batch out of recorded ids [B, m]."""
    return Batch(torch.from_numpy(ids.astype(np.int32)), torch.from_numpy(labels.astype(np.float32)), {})


def replay(recording, on_step, adam_form=EpsilonHatAdam, defer_tables=False):
    """Train as the recording did; ``on_step(t, logits, loss, model, gates)`` after each step."""
    hp, model = recording.hp, model_of(recording)
    is_search = not hp.get("retrain_stage", 0)
    gates = model.all_gates
    tables = [table.weight for table in model.tables]
    deferred = DeferredAdam(tables, [hp["lr"]] * len(tables)) if defer_tables else None
    for table in model.tables if defer_tables else ():
        table.keep_gradient()
    others = gates * is_search + tables * defer_tables
    adam = adam_form([p for p in model.parameters() if not any(p is other for other in others)], lr=hp["lr"])
    grda = GRDA(gates, lr=hp["lr2"], c=hp["c"], mu=hp["mu"]) if is_search else None
    model.train()
    for t in range(hp["T"]):
        adam.param_groups[0]["lr"] = recording["lr"][t, 0]
        batch = batch_of(recording["X"][t], recording["y"][t])
        if deferred is not None:
            deferred.rates = [recording["lr"][t, 0]] * len(tables)
            reads = deferred.begin(batch.ids_Z)
            for table in model.tables:
                table.begin(batch, reads)
        logits = model(batch)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, batch.labels_B)
        for p in model.parameters():
            p.grad = None
        loss.backward()
        if deferred is not None:
            gradients = [table.take_gradient() for table in model.tables]
            for table, gradient in zip(tables, gradients, strict=True):
                table.grad = dense_gradient(table, gradient, batch, reads)  # on_step looks at it
        if t == 0:
            on_step(-1, logits, loss, model, grda)
        adam.step()
        if deferred is not None:
            deferred.step(gradients)
        if grda is not None:
            grda.param_groups[0]["lr"] = recording["lr"][t, 1]
            grda.step()
        on_step(t, logits, loss, model, grda)
    if deferred is not None:
        deferred.flush()
    return model
