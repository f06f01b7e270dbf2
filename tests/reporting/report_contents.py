"""Contents of a report of odd field names, small enough to know every value."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import polars as pl

from autofis_kedro.data.schema import Field, Schema
from autofis_kedro.data.statistics import DatasetStatistics, FieldStatistics, SplitStatistics
from autofis_kedro.evaluation.metrics import Metrics
from autofis_kedro.evidence.tables import JOINT
from autofis_kedro.reporting.evidence_table import COLUMNS
from autofis_kedro.reporting.paper_table import Column, PaperTable
from autofis_kedro.reporting.report import Contents, SearchedModel
from autofis_kedro.reporting.rows import ModelMetrics, choose
from autofis_kedro.reporting.run_facts import gather_facts
from autofis_kedro.reporting.tables import comparison
from autofis_kedro.selection import Gates, from_gates

HOSTILE = "<script>alert(1)</script>"
NAMES = ("C1", "C12", HOSTILE, "\"odd\" & 'quoted'", "ünïcode")
SCHEMA = Schema(dataset="small", fields=tuple(Field(name=n, kind="categorical", size=9) for n in NAMES))
LOSSES = {
    "fm": (0.50, 0.52),
    "autofm": (0.44, 0.45),
    "autofm_searched": (0.46,),
    "autodeepfm": (0.47, 0.48),
    "lr": (0.60, 0.61),
}
KEPT = {"autofm": 3, "autodeepfm": 2}


def contents() -> Contents:
    """Two searches and five models over ten pairs."""
    models = [_model(name, losses) for name, losses in LOSSES.items()]
    chosen = choose({name: np.full(50, losses[0]) + np.arange(50) / 1e5 for name, losses in LOSSES.items()})
    pairs = [(NAMES[i], NAMES[j]) for i, j in SCHEMA.tuples(2)]
    auc = np.linspace(0.5, 0.7, len(pairs))
    ranks = {"statistics_auc": auc, "rank": range(len(pairs), 0, -1)}
    fields = pl.DataFrame(pairs, schema=["field_1", "field_2"], orient="row")
    return Contents(
        statistics=_statistics(),
        compared=comparison(models, chosen.model),
        chosen=chosen,
        searched=tuple(_searched(name, kept, seed) for seed, (name, kept) in enumerate(KEPT.items())),
        histories={name: _history(len(losses)) for name, losses in LOSSES.items() if "searched" not in name},
        statistics_auc=fields.with_columns(**{name: pl.Series(values) for name, values in ranks.items()}),
        size_curves=_curves(),
        facts=gather_facts({"seeds": {"seed": 0}}, SCHEMA, {"train": 80, "valid": 10, "test": 10}, ["kedro", "run"]),
        planted=[[NAMES[0], NAMES[2]]],
    )


def with_everything() -> Contents:
    """The same, where the other pipelines ran as well."""
    column = Column(key="model", title="Model"), Column(key="auc", title="AUC", digits=4, best="max")
    rows = ({"model": "FM", "auc": 0.78}, {"model": HOSTILE, "auc": 0.79})
    table = PaperTable(name="table1", title="Table 1", columns=column, rows=rows, notes=("A note.",))
    frequency = pl.DataFrame({"interaction": [f"C1 × {HOSTILE}"], "kept": [3], "share": [0.75]})
    return replace(contents(), frequency=frequency, paper_tables=(table,), evidence=_evidence(), joint_values=_joint())


def _evidence():
    names = ["C1", HOSTILE]
    rows = [
        (f"C1 x {HOSTILE}", 2, 9.1, 1e-19, 1e-18, 1.25, 0.1, 0.5, "confirmed", True, 0.0, 0.1),
        ("C1 x C12", 2, 3.9, 1e-4, 1e-3, 0.5, 0.1, 0.0, f"proxy of C1 x {HOSTILE}", False, 0.0, 0.1),
        ("C12 x ünïcode", 2, 0.1, 0.4, 1.0, -0.1, 0.1, None, "cannot be judged", True, 0.9, 0.4),
    ]
    assert rows[0][0] == " x ".join(names)
    return pl.DataFrame(rows, schema=list(COLUMNS), orient="row")


def _joint():
    row = (f"C1 x {HOSTILE}", ["C1", HOSTILE], ["<b>", "=1+1"], 2.0, 1.5, 2.6, 1200, 50, 30.0, 0.01, 0.6, "said")
    return pl.DataFrame([row], schema=JOINT, orient="row")


def _model(name, losses):
    metrics = tuple(
        Metrics(auc=1 - loss / 2, log_loss=loss, calibration=1, rows=50, positive_share=0.5) for loss in losses
    )
    rest = {"kept": KEPT.get(name, 10), "candidates": 10, "parameters": 1234, "rows_per_second": 1e5}
    return ModelMetrics(model=name, valid=metrics, test=metrics, train_seconds=3.0, flops_per_row=77, **rest)


def _searched(name, kept, seed):
    alpha = np.random.default_rng(seed).normal(size=10)
    alpha[-3:] = 0.0
    gates = Gates(alpha, alpha + np.sign(alpha) / 2, SCHEMA.tuples(2))
    steps = [gates.frame(SCHEMA).select("field_1", "field_2", "alpha").with_columns(step=pl.lit(s)) for s in (1, 2, 3)]
    return SearchedModel(name, from_gates(gates, SCHEMA, kept, "test"), gates.frame(SCHEMA), pl.concat(steps), 5.0, 2.0)


def _history(n_seeds):
    rows = [(seed, float(e), 0.6 / e, 0.7 / e, 0.5 + e / 10) for seed in range(n_seeds) for e in (1, 2, 3)]
    return pl.DataFrame(rows, schema=["seed", "epoch", "train_loss", "valid_log_loss", "valid_auc"], orient="row")


def _curves():
    names = [f"{split}_{metric}" for split in ("valid", "test") for metric in ("log_loss", "auc")]
    numbers = dict.fromkeys(names, 0.5) | {f"{name}_std": 0.01 for name in names}
    rankings = ("alpha", "statistics_auc", "random")
    return pl.DataFrame([{"ranking": r, "size": s, "seeds": 2} | numbers for r in rankings for s in (1, 3, 10)])


def _statistics():
    shares = {"rare_share": 0.1, "missing_share": 0.0, "unseen_share": {"valid": 0.02, "test": 0.0001}}
    fields = [FieldStatistics(name=n, kind="categorical", ids=9, distinct=6, kept=6, **shares) for n in NAMES]
    splits = {name: SplitStatistics(instances=n, positive_ratio=0.3) for name, n in (("train", 80), ("valid", 20))}
    whole = {"dataset": "small", "instances": 100, "dimension": 45, "n_fields": 5, "positive_ratio": 0.3}
    return DatasetStatistics(**whole, splits=splits, fields=tuple(fields))


class Page(HTMLParser):
    """What a browser makes of a page: elements with their attributes, and the text of table cells by table."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: dict[str, list[list[str]]] = {}
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self._table, self._in_cell, self._in_script = "", False, False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag == "script":
            self.scripts.append((dict(attributes), ""))
            self._in_script = True
        elif tag == "table":
            self._table = dict(attributes)["id"]
            self.rows[self._table] = []
        elif tag == "tr":
            self.rows[self._table].append([])
        elif tag in ("td", "th"):
            self.rows[self._table][-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._in_cell = False
        elif tag == "script":
            self._in_script = False

    def handle_data(self, data):
        if self._in_cell:
            self.rows[self._table][-1][-1] += data
        elif self._in_script:
            attributes, before = self.scripts[-1]
            self.scripts[-1] = (attributes, before + data)
