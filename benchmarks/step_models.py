"""The models of the step benchmark: the same for every program that has them.

``OURS`` are fields of our ``ModelSpec``, ``PEERS`` what the peers' constructors need. 24 fields, embedding size 40 (FFM
4), as on the paper's Avazu; nets are the paper's 700 x 5 with batch norm (Table 9) and FuxiCTR's 400 x 3.
"""

from __future__ import annotations

from typing import Any

ATTENTION = 64
"""Units of AFM's attention network."""


def _net(units: int, layers: int, normalization: str = "affine") -> dict[str, Any]:
    return {"hidden": [units] * layers, "normalization": normalization}


OURS: dict[str, dict[str, Any]] = {
    "fm": {},
    "fwfm": {"weighting": "learned", "linear_form": "field_vectors"},
    "afm": {"weighting": "attention", "attention": {"size": ATTENTION}},
    "ffm": {"field_aware": True, "embedding_dim": 4},
    "deepfm_400x3": {"mlp": _net(400, 3)},
    "deepfm_700x5": {"mlp": _net(700, 5)},
    "ipnn_700x5": {"linear": False, "feeds": "mlp", "mlp": _net(700, 5, "none")},
    "fm_enumerated": {},
    "deepfm_paper": {"mlp": _net(700, 5, "paper")},
    "autofm_retrain": {"normalize": True, "weighting": "learned"},
    "autodeepfm_retrain": {"normalize": True, "weighting": "learned", "mlp": _net(700, 5, "paper")},
    "autofm_search": {"normalize": True, "weighting": "learned"},
    "autodeepfm_search": {"normalize": True, "weighting": "learned", "mlp": _net(700, 5, "paper")},
}
ONLY_OURS = {
    "fm_enumerated": "FM pair by pair, as AutoFM computes it",
    "autofm_search": "276 pairs, batch norm, GRDA",
    "autodeepfm_search": "the same with the paper's MLP",
}
"""Models without a peer."""
PEERS: dict[str, dict[str, Any]] = {
    "fm": {"model": "fm"},
    "fwfm": {"model": "fwfm"},
    "afm": {"model": "afm", "attention": ATTENTION, "dropout": 0.0},
    "ffm": {"model": "ffm", "size": 4},
    "deepfm_400x3": {"model": "deepfm", "hidden": [400] * 3, "dropout": 0.0, "batch_norm": True},
    "deepfm_700x5": {"model": "deepfm", "hidden": [700] * 5, "dropout": 0.0, "batch_norm": True},
    "ipnn_700x5": {"model": "ipnn", "hidden": [700] * 5, "dropout": 0.0, "batch_norm": False},
}
REQUIRED = {
    "fm": 12.0,
    "fwfm": 12.0,
    "afm": 8.0,
    "ffm": 10.0,
    "deepfm_400x3": 3.5,
    "deepfm_700x5": 1.6,
    "ipnn_700x5": 1.7,
    "fm inference": 5.0,
}
"""How many of our steps the fastest peer's step must take at least."""
