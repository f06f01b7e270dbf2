"""Do our models reach the test AUC of FuxiCTR's, from the same encoded rows with the same settings?

    kedro run --env frappe --pipeline baselines --params raw_path=<folder>,n_seeds=3
    python -m benchmarks.accuracy --peer .venv-bench/bin/python [--models fm,ffm] [--seeds 3]

Reads what the first command left in the catalog: the encoded examples and our metrics. The settings are FuxiCTR's
published ones for Frappe, which are our presets in ``conf/frappe``. Each of its models is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.reporting.rows import ModelMetrics
from benchmarks.results import newest

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "accuracy.json"
DATASET = "frappe"
TOLERANCE = 0.001
"""By which our mean test AUC may lie below."""
COMMON = {"size": 10, "learning_rate": 1e-3, "batch_size": 4096, "epochs": 100, "patience": 2}
DEEP = {"hidden": [400, 400, 400], "l2_embedding": 0.05}
SETTINGS: dict[str, dict[str, Any]] = {
    "fm": {"l2_embedding": 5e-6},
    "fwfm": {"l2_embedding": 5e-6},
    "afm": {"l2_embedding": 1e-5, "attention": 128, "dropout": 0.1},
    "ffm": {"l2_embedding": 1e-6},
    "deepfm": {**DEEP, "dropout": 0.2, "batch_norm": True},
    "ipnn": {**DEEP, "dropout": 0.3, "batch_norm": False},
}


def rows_of_catalog(path: Path) -> None:
    """Ids within their fields [N, F], labels [N] of each split, and the fields' sizes, as one npz file."""
    schema = Schema.model_validate_json(_newest("04_feature", "schema.json").read_text())
    arrays = {"sizes": np.array([field.size for field in schema.fields])}
    for split in ("train", "valid", "test"):
        examples = Examples.open(_newest("05_model_input", f"{split}_examples"), schema)
        arrays[f"{split}_ids"] = examples.one_hot - np.array(schema.offsets[:-1], dtype=np.int32)
        arrays[f"{split}_labels"] = np.asarray(examples.labels)
    np.savez(path, **arrays)


def _newest(layer: str, artifact: str) -> Path:
    found = newest(Path("data") / layer / DATASET / artifact)
    if found is None:
        raise SystemExit(f"no {artifact} of {DATASET}: kedro run --env {DATASET} --pipeline baselines comes first")
    return found


def peer_auc(python: str, rows: Path, model: str, seeds: int) -> list[float]:
    """Test AUC of each seed of FuxiCTR's model."""
    setting = {"model": model, "seeds": seeds, "l2_net": 0, **COMMON, **SETTINGS[model]}
    command = [python, "-m", "benchmarks.accuracy_fuxictr", str(rows), json.dumps(setting)]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line)["auc"] for line in done.stdout.splitlines() if line.startswith("{")]


def our_auc(model: str) -> list[float]:
    """Test AUC of each seed of our model."""
    metrics = ModelMetrics.model_validate_json(_newest("07_model_output", f"{model}/metrics.json").read_text())
    return [test.auc for test in metrics.test]


def table(results: list[dict[str, Any]]) -> Table:
    """One row per model."""
    shown = Table(title=f"test AUC on {DATASET}", title_justify="left")
    for column in ("model", "autofis-kedro", "FuxiCTR", "difference", "seeds"):
        shown.add_column(column, justify="left" if column == "model" else "right")
    for row in results:
        cells = [f"{mean(row[who]):.4f} ± {stdev(row[who]):.4f}" for who in ("ours", "peer")]
        seeds = f"{len(row['ours'])}, {len(row['peer'])}"
        shown.add_row(row["model"], *cells, f"{row['difference']:+.4f}", seeds)
    return shown


def main() -> None:
    """Train the peers, print the table, keep the numbers; status 1 if a model of ours is behind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", default=".venv-bench/bin/python", help="Python with FuxiCTR (make bench-env)")
    parser.add_argument("--models", default=",".join(SETTINGS))
    parser.add_argument("--seeds", type=int, default=3)
    chosen = parser.parse_args()
    peer = Path(chosen.peer).absolute()  # not resolved: an environment's Python is a link
    if not peer.exists():
        raise SystemExit(f"no {chosen.peer}: make bench-env creates it")
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="accuracy_") as folder:
        rows = Path(folder) / "rows.npz"
        rows_of_catalog(rows)
        for model in chosen.models.split(","):
            ours, theirs = our_auc(model), peer_auc(str(peer), rows, model, chosen.seeds)
            results.append({"model": model, "ours": ours, "peer": theirs, "difference": mean(ours) - mean(theirs)})
            print(f"{model}: ours {mean(ours):.4f}, FuxiCTR {mean(theirs):.4f}", flush=True)
    Console().print(table(results))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"dataset": DATASET, "torch": version("torch"), "results": results}, indent=1) + "\n")
    behind = [row["model"] for row in results if row["difference"] < -TOLERANCE]
    if behind:
        raise SystemExit(f"below FuxiCTR by more than {TOLERANCE}: {', '.join(behind)}")


if __name__ == "__main__":
    main()
