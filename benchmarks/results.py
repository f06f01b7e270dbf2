"""The comparison of every model of a data set whose metrics are in the catalog, as the tables of docs/results.md.

    python -m benchmarks.results frappe [criteo ...]

Reads the newest version of each ``{model}.metrics`` and ``{model}.predictions``; trains nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

from autofis_kedro import roster
from autofis_kedro.evaluation.metrics import log_losses
from autofis_kedro.reporting.rows import ModelMetrics, choose
from autofis_kedro.reporting.tables import comparison, kept_of

OUTPUT = Path("data/07_model_output")


def newest(folder: Path) -> Path | None:
    """The newest version of an artifact."""
    versions = sorted(folder.glob("*/*"))
    return versions[-1] if versions else None


def valid_losses(path: Path) -> np.ndarray:
    """Log loss of every validation row, mean over seeds."""
    valid = pl.read_parquet(path).filter(pl.col("split") == "valid")
    labels = valid["label"].to_numpy()
    return np.mean([log_losses(labels, valid[c].to_numpy()) for c in valid.columns if c.startswith("seed_")], axis=0)


def table(dataset: str) -> str:
    """The Markdown table of one data set."""
    metrics, losses = [], {}
    for name in roster.ALL:
        found = newest(OUTPUT / dataset / name / "metrics.json")
        predictions = newest(OUTPUT / dataset / name / "predictions.parquet")
        if found is not None and predictions is not None:
            metrics.append(ModelMetrics.model_validate_json(found.read_text()))
            if name in roster.CHOICE:
                losses[name] = valid_losses(predictions)
    chosen = choose(losses)
    rows = comparison(metrics, chosen.model).iter_rows(named=True)
    head = "| model | seeds | test AUC | test log loss | valid log loss | vs fm | p | kept |\n" + "|---" * 8 + "|"
    return "\n".join([f"{dataset}: chosen {chosen.model}. {chosen.why}.", "", head, *map(_line, rows)])


def _line(row: dict[str, object]) -> str:
    def spread(name: str) -> str:
        std = row[f"{name}_std"]
        return f"{row[name]:.4f}" + (f" ± {std:.4f}" if std is not None else "")

    name = f"**{row['model']}**" if row["chosen"] else row["model"]
    difference = "" if row["model"] == "fm" else f"{row['difference']:+.4f}"
    p = "" if row["p"] is None else f"{row['p']:.2g}"
    cells = [
        name,
        row["seeds"],
        spread("test_auc"),
        spread("test_log_loss"),
        f"{row['valid_log_loss']:.4f}",
        difference,
        p,
        kept_of(row) or "-",
    ]
    return "| " + " | ".join(map(str, cells)) + " |"


if __name__ == "__main__":
    print("\n\n".join(table(dataset) for dataset in sys.argv[1:] or ["synthetic"]))
