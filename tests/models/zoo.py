"""One small spec of every kind of model, and models whose weights are at no special value."""

import torch

from autofis_kedro.models import AttentionSpec, CTRModel, MLPSpec, ModelSpec, PairNetworkSpec

SPECS = {
    "lr": ModelSpec(order=1, embedding_dim=3),
    "fm": ModelSpec(embedding_dim=3),
    "fm_sum_pooling": ModelSpec(embedding_dim=3, pooling="sum"),
    "autofm": ModelSpec(embedding_dim=3, normalize=True, weighting="learned"),
    "alpha_only": ModelSpec(embedding_dim=3, weighting="learned"),
    "norm_only": ModelSpec(embedding_dim=3, normalize=True),
    "deepfm": ModelSpec(embedding_dim=3, mlp=MLPSpec(hidden=(5, 4))),
    "deepfm_affine": ModelSpec(embedding_dim=3, mlp=MLPSpec(hidden=(5, 4), normalization="affine")),
    "deepfm_no_norm": ModelSpec(embedding_dim=3, mlp=MLPSpec(hidden=(5,), normalization="none")),
    "autodeepfm": ModelSpec(embedding_dim=3, normalize=True, weighting="learned", mlp=MLPSpec(hidden=(5,))),
    "fwfm": ModelSpec(embedding_dim=3, weighting="learned", alpha_initial=0.7),
    "fwfm_field_vectors": ModelSpec(
        embedding_dim=3, weighting="learned", alpha_initial=0.7, linear_form="field_vectors"
    ),
    "afm": ModelSpec(
        embedding_dim=3,
        weighting="attention",
        attention=AttentionSpec(size=4, temperature=0.7, dropout=0.2, weight_dropout=0.3),
    ),
    "ffm": ModelSpec(embedding_dim=2, field_aware=True),
    "ffm_with_gates": ModelSpec(embedding_dim=2, field_aware=True, normalize=True, weighting="learned"),
    "ipnn": ModelSpec(embedding_dim=3, linear=False, feeds="mlp", mlp=MLPSpec(hidden=(5,))),
    "ipnn_layer_norm": ModelSpec(
        embedding_dim=3, linear=False, feeds="mlp", mlp=MLPSpec(hidden=(5, 4), normalization="layer")
    ),
    "pin": ModelSpec(
        embedding_dim=3,
        linear=False,
        feeds="mlp",
        pair_network=PairNetworkSpec(hidden=4, out=2),
        mlp=MLPSpec(hidden=(5,)),
    ),
    "fm_3rd": ModelSpec(order=3, embedding_dim=3),
    "fm_3rd_shared": ModelSpec(order=3, embedding_dim=3, triple_table="shared"),
    "autofm_3rd": ModelSpec(order=3, embedding_dim=3, normalize=True, weighting="learned"),
    "autodeepfm_3rd": ModelSpec(
        order=3, embedding_dim=3, normalize=True, weighting="learned", mlp=MLPSpec(hidden=(5,))
    ),
    "ipnn_3rd": ModelSpec(order=3, embedding_dim=3, linear=False, feeds="mlp", mlp=MLPSpec(hidden=(5,))),
}


def shaken(spec, schema, pairs=None, triples=None, seed=1):
    """A model in which no weight or statistic is at a special value."""
    model = CTRModel(spec, schema, pairs, triples, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in [*model.parameters(), *(b for b in model.buffers() if b.is_floating_point())]:
            tensor.add_(0.3 * torch.rand(tensor.shape, generator=generator))
    return model.eval()
