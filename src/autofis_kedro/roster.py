"""Which models exist: names only."""

FACTORIZATION = ("lr", "fm", "fwfm", "afm", "ffm", "deepfm", "ipnn", "pin", "fm_3rd", "deepfm_3rd")
"""Models over all interactions."""

FOREST = "gbdt"
"""The namespace of the trees whose leaves are features."""
ON_LEAVES = ("gbdt_lr", "gbdt_ffm")
"""Models over the leaves of trees, the latter beside the data set's own fields."""

BASELINES = (*FACTORIZATION, *ON_LEAVES)
"""Models that need no search."""

SEARCHED = ("autofm", "autodeepfm")
"""Models whose pairs are searched; the name alone is the paper's re-train: batch norm and fresh alpha."""

SEARCHED_3RD = {"autofm_3rd": "autofm", "autodeepfm_3rd": "autodeepfm"}
"""Models whose triples are searched, each beside the pairs that the second-order model kept."""

SEARCHED_BI = ("bi_autofm", "bi_autodeepfm")
"""The same as ``SEARCHED`` with bi-level optimisation (Table 8)."""

TRANSFERRED = {"autoipnn": "autofm", "autoipnn_3rd": "autofm_3rd"}
"""Models over the interactions that another model's search kept (Table 4)."""

ANY_TRANSFER = "transferred"
"""A model of the user's choice over the interactions of another: ``--params selection_from=...,transfer_to=...``."""

VARIANTS = ("", "_warm", "_no_bn", "_no_alpha", "_plain")
"""Ways to re-train: as the paper; alpha from the search; without batch norm; without alpha; without either."""

VARIANTS_3RD = ("", "_warm", "_plain")

CONTROLS = ("all_open", "random_selection")
"""Beside AutoFM: every gate open, trained by Adam; as many pairs as AutoFM keeps, drawn at random."""

BY_STATISTICS = "statistics_auc_selection"
"""As many pairs as AutoFM keeps, those of the highest statistics_AUC (Table 5)."""

BY_EVIDENCE = ("evidence_selection", "evidence_selection_plain")
"""The interactions that the evidence confirms; re-trained as the paper does, and without batch norm and alpha."""

BY_EVIDENCE_AND_GATES = ("evidence_gates_selection", "evidence_gates_selection_plain")
"""The same, and the pairs of AutoFM's that joint values cannot judge."""

RANDOM_FM = "random_fm"
"""FM over random pairs, as many as AutoFM keeps, averaged over draws (Table 6)."""

RETRAINED = tuple(name + variant for name in SEARCHED for variant in VARIANTS)
RETRAINED_3RD = tuple(name + variant for name in SEARCHED_3RD for variant in VARIANTS_3RD)

THEMSELVES = tuple(f"{name}_searched" for name in SEARCHED)
"""The searched models as they are at the end of the search."""
THEMSELVES_3RD = tuple(f"{name}_searched" for name in SEARCHED_3RD)

THEMSELVES_BI = tuple(f"{name}_searched" for name in SEARCHED_BI)

_LATER = (*RETRAINED, *RETRAINED_3RD, *SEARCHED_BI, *TRANSFERRED, ANY_TRANSFER)
TRAINED = (*BASELINES, *CONTROLS, *_LATER, BY_STATISTICS, *BY_EVIDENCE, *BY_EVIDENCE_AND_GATES, RANDOM_FM)
ALL = (*TRAINED, *THEMSELVES, *THEMSELVES_3RD, *THEMSELVES_BI)
CHOICE = tuple(name for name in ALL if name not in (*CONTROLS, BY_STATISTICS, RANDOM_FM))
"""Of these the user's model is chosen, on validation rows."""

_OTHER_INPUTS = (*ON_LEAVES, RANDOM_FM, ANY_TRANSFER)
SELECTION_FROM = tuple(name for name in TRAINED if name not in (*_OTHER_INPUTS, "lr"))
"""Models whose interactions another may take; a searched model itself has chosen none yet."""
TRANSFER_TO = tuple(name for name in TRAINED if name not in (*_OTHER_INPUTS, "lr"))
"""Models that may take them."""

CONSTANT = "constant"
"""No model: the click rate of the train rows for every row. It stands in every comparison and cannot be chosen."""

FIRST_BASELINES = ("lr", "fm", "deepfm")
MAIN = (*FIRST_BASELINES, *CONTROLS, *RETRAINED, *THEMSELVES, *BY_EVIDENCE, *BY_EVIDENCE_AND_GATES)
"""The models of a run without --pipeline."""
AUTOFIS = tuple(name for name in MAIN if name not in ("lr", "deepfm"))
"""The models of the pipeline autofis."""
THIRD_ORDER = ("fm", "deepfm", *SEARCHED, *THEMSELVES, *RETRAINED_3RD, *THEMSELVES_3RD)
"""The models of the pipeline third_order."""
TRANSFER = ("fm", "ipnn", *TRANSFERRED, ANY_TRANSFER)
"""The models of the pipeline transfer."""
STATISTICS = ("fm", "autofm", "autofm_searched", BY_STATISTICS)
"""The models of the pipeline statistics_auc."""
BI_LEVEL = ("fm", "deepfm", *SEARCHED, *THEMSELVES, *SEARCHED_BI, *THEMSELVES_BI)
"""The models of the pipeline bi_level."""
ABLATION = (
    "fm",
    "all_open",
    "random_selection",
    "autofm",
    "autofm_no_bn",
    "autofm_plain",
    "autofm_searched",
    RANDOM_FM,
)
"""The models of the pipeline ablation: Table 6, and the controls that it lacks."""

A_B_TEST = ("deepfm", "autodeepfm")
"""Who ranks for the control group and who is tested (sec. 4.6)."""
RANKED = ("fm", *A_B_TEST)
"""Models whose ranking is timed."""
ONLINE = (*RANKED, "autodeepfm_searched")
"""The models of the pipeline online."""

STABILITY = {"stability_bn": True, "stability_no_bn": False}
"""The namespaces of the pipeline stability, and whether their searches have batch norm."""


COSTS_OF_SEARCH = ("search_cost", "extraction_cost")
"""The artifacts that tell what a search, and choosing from its gates, took."""


def weights_of(name: str) -> str:
    """The artifact that holds a model's weights."""
    return f"{name.removesuffix('_searched')}.search_weights" if name.endswith("_searched") else f"{name}.weights"


def searched_by(name: str) -> str | None:
    """The model whose search chose a re-trained or transferred model's interactions."""
    if name in TRANSFERRED:
        return TRANSFERRED[name]
    groups = ((SEARCHED, VARIANTS), (tuple(SEARCHED_3RD), VARIANTS_3RD), (SEARCHED_BI, ("",)))
    found = (model for models, variants in groups for model in models for v in variants if name == model + v)
    return next(found, None)


def searches_of(searched: str) -> tuple[str, ...]:
    """All searches that a searched model's interactions took: a third-order search follows a second-order one."""
    return (searched, SEARCHED_3RD[searched]) if searched in SEARCHED_3RD else (searched,)


def interactions_of(name: str) -> str:
    """The artifact that holds a model's interactions.

    A searched model has all, those with a closed gate times zero; in third order all triples, beside the kept pairs.
    """
    if name in (*THEMSELVES, *THEMSELVES_3RD, *THEMSELVES_BI):
        return f"{name}.selection"
    if name == "random_selection":
        return "random_interactions"
    if name == RANDOM_FM:
        return f"{RANDOM_FM}.draws"
    if name == BY_STATISTICS:
        return "statistics_auc_interactions"
    if name in BY_EVIDENCE:
        return "evidence_interactions"
    if name in BY_EVIDENCE_AND_GATES:
        return "evidence_gates_interactions"
    if name == ANY_TRANSFER:
        return f"{ANY_TRANSFER}.selection"
    if name in ON_LEAVES:
        return f"{FOREST}.selection"
    if name in BASELINES and name.endswith("_3rd"):
        return "third_order_interactions"
    searched = searched_by(name)
    return f"{searched}.selection" if searched else "all_interactions"
