"""The paper's tables of results: which model each row is, what it is tested against, and which columns there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from autofis_kedro.config import Frozen

Part = Literal["variant", "kept", "time", "cost", "relative"]

_SECOND = {"FM": "fm", "FwFM": "fwfm", "AFM": "afm", "FFM": "ffm", "DeepFM": "deepfm"}
_TREES = {"GBDT+LR": "gbdt_lr", "GBDT+FFM": "gbdt_ffm"}
_SEARCHED = {"AutoFM(2nd)": "autofm", "AutoDeepFM(2nd)": "autodeepfm"}
_THIRD = {
    "FM(3rd)": "fm_3rd",
    "DeepFM(3rd)": "deepfm_3rd",
    "AutoFM(3rd)": "autofm_3rd",
    "AutoDeepFM(3rd)": "autodeepfm_3rd",
}
_AS_IN_THE_PAPER = (
    "tested as in the paper: AutoFM against FM, AutoDeepFM against every baseline, of the same order; p is that of the "
    "rival that it is least surely better than; baselines against FM, which the paper does not test"
)


class PaperRows(Frozen):
    """One table.

    Attributes:
        title: what the table shows.
        models: by the paper's name of the row, in its order.
        against: the rows that a row must beat for its star; a row that is not named is tested against the first row.
        parts: columns beside AUC and log loss.
        notes: what is particular about this table.
    """

    title: str
    models: Mapping[str, str]
    against: Mapping[str, tuple[str, ...]] = {}
    parts: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()


TABLES: Mapping[str, PaperRows] = {
    "table1": PaperRows(
        title="Table 1: accuracy, size, inference time and cost",
        models=_SECOND | _TREES | _SEARCHED | _THIRD,
        # The paper's caption: AutoFM compares with FM, AutoDeepFM with all baselines, each of the same order.
        against={
            "AutoFM(2nd)": ("FM",),
            "AutoDeepFM(2nd)": (*_SECOND, *_TREES),
            "AutoFM(3rd)": ("FM(3rd)",),
            "AutoDeepFM(3rd)": ("FM(3rd)", "DeepFM(3rd)"),
        },
        parts=("kept", "time", "cost", "relative"),
        notes=(_AS_IN_THE_PAPER,),
    ),
    "table3": PaperRows(
        title="Table 3: the private data set, or your own",
        models=_SECOND | _SEARCHED,
        against={"AutoFM(2nd)": ("FM",), "AutoDeepFM(2nd)": tuple(_SECOND)},
        parts=("kept", "relative"),
        notes=(_AS_IN_THE_PAPER,),
    ),
    "table4": PaperRows(
        title="Table 4: IPNN over the interactions that AutoFM kept",
        models={"IPNN": "ipnn", "AutoIPNN(2nd)": "autoipnn", "AutoIPNN(3rd)": "autoipnn_3rd"},
        parts=("kept", "time"),
    ),
    "table5": PaperRows(
        title="Table 5: pairs of the highest statistics_AUC beside those of AutoFM, as many",
        models={"Selected by statistics_AUC": "statistics_auc_selection", "Selected by AutoFM": "autofm"},
        parts=("kept",),
        notes=("statistics_AUC selects on validation rows here, on test rows in the paper",),
    ),
    "table6_7": PaperRows(
        title="Tables 6 and 7: what the search, batch norm and alpha are worth",
        models={
            "FM": "fm",
            "AutoFM": "autofm",
            "AutoFM-BN": "autofm_no_bn",
            "AutoFM-BN-alpha": "autofm_plain",
            "Random+FM": "random_fm",
            "all open+BN+alpha": "all_open",
        },
        against={"Random+FM": ()},
        parts=("variant", "kept"),
        notes=(
            "the last row, every gate open with batch norm and alpha, is a control that the paper lacks",
            "the spread of Random+FM is that over random selections",
        ),
    ),
    "table8": PaperRows(
        title="Table 8: one-level and bi-level optimisation",
        models={
            "AutoFM": "autofm",
            "Bi-AutoFM": "bi_autofm",
            "AutoDeepFM": "autodeepfm",
            "Bi-AutoDeepFM": "bi_autodeepfm",
        },
        against={
            "AutoFM": ("Bi-AutoFM",),
            "Bi-AutoFM": (),
            "AutoDeepFM": ("Bi-AutoDeepFM",),
            "Bi-AutoDeepFM": (),
        },
        parts=("kept",),
        notes=("one-level is tested against bi-level of the same model",),
    ),
}
"""By the name of the pipeline and of the artifact."""
