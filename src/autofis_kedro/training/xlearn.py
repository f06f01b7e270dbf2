"""FFM trained by xlearn, the library of FFM's common use, with the result as weights of our FFM.

Both compute the same formula over one-hot fields, so that evaluation, prediction and serving are the same for both.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import Field as Bounded
from torch import Tensor

from autofis_kedro.config import Options
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.schema import Schema
from autofis_kedro.errors import UserError
from autofis_kedro.models import CTRModel, ModelSpec
from autofis_kedro.training.xlearn_files import read_model, write_libffm

logger = logging.getLogger(__name__)
CHILD = Path(__file__).with_name("xlearn_child.py")
EPOCH = re.compile(r"\]\s+(\d+)\s+([\d.]+|-?nan)\s+([\d.]+|-?nan)\s")
HISTORY = pl.Schema(
    {
        "seed": pl.Int64,
        "epoch": pl.Float64,
        "train_loss": pl.Float64,
        "valid_log_loss": pl.Float64,
        "valid_auc": pl.Float64,
    }
)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class XLearnConfig(Options):
    """How xlearn trains: its own AdaGrad, row by row.

    Attributes:
        learning_rate: AdaGrad's.
        l2: penalty on all weights that a row reads.
        initial_scale: vectors start from uniform(0, initial_scale / sqrt(embedding_dim)). None takes sqrt(2 / P) for P
            pairs, by which they add 0.5 to the first logit; xlearn's own 0.66 adds 80 for 39 fields.
        epochs: at most.
        patience: epochs without a better validation log loss before it stops.
    """

    learning_rate: float = Bounded(default=0.03, gt=0)
    l2: float = Bounded(default=2e-5, ge=0)
    initial_scale: float | None = Bounded(default=None, gt=0)
    epochs: int = Bounded(default=15, ge=1)
    patience: int = Bounded(default=2, ge=1)

    def scale_for(self, n_pairs: int) -> float:
        """``initial_scale``, or its default for so many pairs."""
        return self.initial_scale or (2 / n_pairs) ** 0.5


@dataclass(frozen=True)
class FittedByXLearn:
    """One seed.

    Attributes:
        weights: state dict of ``CTRModel`` with ``field_aware: true``.
        history: one row per epoch: seed, epoch, train_loss, valid_log_loss, valid_auc (null: not measured).
        seconds: of writing, training and reading.
    """

    weights: dict[str, Tensor]
    history: pl.DataFrame
    seconds: float


def is_installed() -> bool:
    """Whether xlearn can be imported."""
    return importlib.util.find_spec("xlearn") is not None


def fit_by_xlearn(
    train: Examples, valid: Examples, schema: Schema, spec: ModelSpec, config: XLearnConfig, *, seed: int
) -> FittedByXLearn:
    """Train an FFM over all pairs; ``spec`` is ours of the same model.

    Raises:
        UserError: xlearn is not installed, was killed, failed or diverged, or a field is multi-hot.
    """
    check(schema)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="xlearn_") as name:
        folder = Path(name)
        for split, examples in (("train", train), ("valid", valid)):
            write_libffm(examples, schema, folder / split)
        printed = _run(folder, _job(spec.embedding_dim, len(schema.tuples(2)), config, seed))
        weights = read_model(folder / "model.txt", schema, spec.embedding_dim)
    if not all(bool(tensor.isfinite().all()) for tensor in weights.values()):
        raise UserError(
            f"xlearn returned weights that are not finite: reduce xlearn.learning_rate ({config.learning_rate:g})"
        )
    model = CTRModel(spec, schema)
    model.load_state_dict(weights)
    model.lend_to_untrained()  # ids that no row holds still have their random initial vectors
    return FittedByXLearn(dict(model.state_dict()), _history(printed, seed), time.perf_counter() - start)


def check(schema: Schema) -> None:
    """Check that xlearn can train on this data set here.

    Raises:
        UserError: it cannot.
    """
    if not is_installed():
        raise UserError(
            "engine xlearn: xlearn is not installed; pip install 'autofis-kedro[ffm]' builds it (g++, make and cmake "
            "are needed), or use engine: torch"
        )
    bags = [schema.names[position] for position in schema.multi_hot_positions]
    if bags:
        raise UserError(
            f"engine xlearn: field '{bags[0]}' is multi-hot, whose values xlearn would also pair with each other; "
            "use engine: torch"
        )


def _job(embedding_dim: int, n_pairs: int, config: XLearnConfig, seed: int) -> dict[str, Any]:
    parameters = {
        "task": "binary",
        "opt": "adagrad",
        "k": embedding_dim,
        "lr": config.learning_rate,
        "lambda": config.l2,
        "init": config.scale_for(n_pairs),
        "epoch": config.epochs,
        "stop_window": config.patience,
    }
    return {"seed": seed, "parameters": parameters}


def _run(folder: Path, job: dict[str, Any]) -> str:
    """Run the child; what it printed."""
    user = f"autofis{uuid.uuid4().hex}"  # it needs some user, and names its logs after it
    try:
        done = subprocess.run(
            [sys.executable, "-P", str(CHILD), json.dumps(job)],
            cwd=folder,
            env={**os.environ, "USER": user},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    finally:
        for log in Path("/tmp").glob(f"xlearn_log.*.{user}.*"):
            log.unlink(missing_ok=True)
    printed = COLOUR.sub("", done.stdout)
    if done.returncode < 0:
        raise UserError(f"xlearn was killed by {signal.Signals(-done.returncode).name}; use engine: torch")
    if done.returncode or not (folder / "done").exists() or not (folder / "model.txt").exists():
        lines = [line.strip() for line in printed.splitlines() if line.strip()]
        raise UserError(f"xlearn failed: {lines[-1] if lines else 'it printed nothing'}; use engine: torch")
    return printed


def _history(printed: str, seed: int) -> pl.DataFrame:
    rows = [(seed, float(e), float(train), float(valid), None) for e, train, valid in EPOCH.findall(printed)]
    for _, epoch, _, loss, _ in rows:
        logger.info("xlearn, seed %s: epoch %g: valid log loss %.5f", seed, epoch, loss)
    return pl.DataFrame(rows, schema=HISTORY, orient="row")
