"""Which models exist: names only."""

BASELINES = ("lr", "fm", "fwfm", "afm", "ffm", "deepfm", "ipnn", "pin", "fm_3rd", "deepfm_3rd")
"""Models over all interactions."""

FIRST_BASELINES = ("lr", "fm", "deepfm")
"""Those of a run without --pipeline."""

SEARCHED = ("autofm", "autodeepfm")
"""Models whose interactions are searched; the name alone is the paper's re-train: batch norm and fresh alpha."""

VARIANTS = ("", "_warm", "_no_bn", "_no_alpha", "_plain")
"""Ways to re-train: as the paper; alpha from the search; without batch norm; without alpha; without either."""

CONTROLS = ("all_open", "random_selection")
"""Beside AutoFM: every gate open, trained by Adam; as many pairs as AutoFM keeps, drawn at random."""

RETRAINED = tuple(name + variant for name in SEARCHED for variant in VARIANTS)
THEMSELVES = tuple(f"{name}_searched" for name in SEARCHED)
"""The searched models as they are at the end of the search."""

MAIN = (*FIRST_BASELINES, *CONTROLS, *RETRAINED, *THEMSELVES)
"""The models of a run without --pipeline."""

TRAINED = (*BASELINES, *CONTROLS, *RETRAINED)
ALL = (*TRAINED, *THEMSELVES)
CHOICE = tuple(name for name in ALL if name not in CONTROLS)
"""Of these the user's model is chosen, on validation rows."""


def weights_of(name: str) -> str:
    """The artifact that holds a model's weights."""
    return f"{name.removesuffix('_searched')}.search_weights" if name in THEMSELVES else f"{name}.weights"


def interactions_of(name: str) -> str:
    """The artifact that holds a model's interactions. A searched model has all, those with a closed gate times zero."""
    if name == "random_selection":
        return "random_interactions"
    if name in BASELINES and name.endswith("_3rd"):
        return "third_order_interactions"
    searched = next((model for model in SEARCHED for variant in VARIANTS if name == model + variant), None)
    return f"{searched}.selection" if searched else "all_interactions"
