"""Do the fast paths reach the test AUC of plain torch, with the same seeds on the same rows?

    kedro run --env criteo --pipeline statistics_auc --params raw_path=<criteo_sample.tsv.gz>
    python -m benchmarks.fast_paths <criteo_sample.tsv.gz> [--models fm,deepfm] [--seeds 3]

Trains every model twice over the encoded examples that the first command left: as it is, and with
``AUTOFIS_PLAIN_TORCH=1``. ``fm*`` has no penalty, so that its tables are updated row by row; its other side is dense
Adam.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import mean, pstdev
from typing import Any

from rich.console import Console
from rich.table import Table

from autofis_kedro import roster
from autofis_kedro.reporting.rows import ModelMetrics
from benchmarks.results import newest

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "fast_paths.json"
MODELS = "fm,fm*,fwfm,afm,ffm,deepfm,ipnn,all_open"
TOLERANCE = 0.0002
"""Of the mean test AUC."""
PLAIN = {"AUTOFIS_PLAIN_TORCH": "1"}
NO_PENALTY = ("training.l2_embedding=0", "training.l2_linear=0")


def test_auc(model: str, raw_path: str, seeds: int, *, is_plain: bool) -> list[float]:
    """Test AUC of each seed of a model trained now."""
    name = model.removesuffix("*")
    params = [f"raw_path={raw_path}", f"n_seeds={seeds}"]
    if name != model:
        params += [*NO_PENALTY, f"training.table_adam={'dense' if is_plain else 'auto'}"]
    pipeline = "baselines" if name in roster.BASELINES else "ablation"
    kedro = str(Path(sys.executable).parent / "kedro")
    command = [kedro, "run", "--env", "criteo", "--pipeline", pipeline, "--namespaces", name]
    environment = os.environ | {"DO_NOT_TRACK": "1"} | (PLAIN if is_plain else {})
    subprocess.run([*command, "--params", ",".join(params)], cwd=ROOT, env=environment, check=True)
    path = newest(Path("data") / "07_model_output" / "criteo" / name / "metrics.json")
    if path is None:
        raise SystemExit(f"no metrics of {name}: the run left none")
    return [test.auc for test in ModelMetrics.model_validate_json(path.read_text()).test]


def table(results: list[dict[str, Any]]) -> Table:
    """One row per model."""
    shown = Table(title="test AUC on the Criteo sample", title_justify="left")
    for column in ("model", "fast paths", "plain torch", "difference"):
        shown.add_column(column, justify="left" if column == "model" else "right")
    for row in results:
        cells = [f"{mean(row[way]):.5f} ± {pstdev(row[way]):.5f}" for way in ("fast", "plain")]
        shown.add_row(row["model"], *cells, f"{row['difference']:+.5f}")
    return shown


def main() -> None:
    """Train, print the table, keep the numbers; status 1 if a mean differs by more than the tolerance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("raw_path", type=Path)
    parser.add_argument("--models", default=MODELS)
    parser.add_argument("--seeds", type=int, default=3)
    chosen = parser.parse_args()
    results: list[dict[str, Any]] = []
    for model in chosen.models.split(","):
        plain, fast = (
            test_auc(model, str(chosen.raw_path.absolute()), chosen.seeds, is_plain=is_plain)
            for is_plain in (True, False)
        )
        results.append({"model": model, "fast": fast, "plain": plain, "difference": mean(fast) - mean(plain)})
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"dataset": "criteo sample", "results": results}, indent=1) + "\n")
    Console().print(table(results))
    different = [row["model"] for row in results if abs(row["difference"]) > TOLERANCE]
    if different:
        raise SystemExit(f"the mean differs by more than {TOLERANCE}: {', '.join(different)}")


if __name__ == "__main__":
    main()
