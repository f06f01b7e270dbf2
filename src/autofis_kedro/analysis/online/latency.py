"""How long a trained model takes to rank the candidates of a request (paper sec. 4.6: a few milliseconds)."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from autofis_kedro.analysis.online.config import LatencyConfig
from autofis_kedro.data.batches import Batch, take
from autofis_kedro.data.examples import Examples
from autofis_kedro.models import Predictor


def measure_latency(scorers: Mapping[str, Predictor], examples: Examples, config: LatencyConfig) -> pl.DataFrame:
    """Time every model on the same requests, on the CPU.

    A request is ``candidates`` rows drawn from the examples (with repetition where there are fewer), already encoded
    and in memory. Timed is what a server then does: logits of all rows, and their order. The models take turns on each
    request, in an order drawn anew, so that whatever else the machine does meets all of them.

    Args:
        scorers: by the name of the model, which is on the CPU and in evaluation mode.
        examples: encoded rows.
        config: sizes.

    Returns:
        request, model, milliseconds, candidates, threads, processor; ``requests`` rows per model.
    """
    rng = np.random.default_rng(config.seed)
    names = list(scorers)
    found = []
    for request in range(-config.warm_up, config.requests):
        batch = _request(examples, config.candidates, rng)
        times = {name: _milliseconds(scorers[name], batch) for name in rng.permutation(names).tolist()}
        found += [{"request": request, "model": name, "milliseconds": times[name]} for name in names if request >= 0]
    machine = {"candidates": config.candidates, "threads": torch.get_num_threads(), "processor": processor()}
    return pl.DataFrame(found).with_columns(**{key: pl.lit(value) for key, value in machine.items()})


def _request(examples: Examples, candidates: int, rng: np.random.Generator) -> Batch:
    rows: NDArray[np.int64] = rng.choice(examples.n_rows, candidates, replace=examples.n_rows < candidates)
    return take(examples, rows)


@torch.inference_mode()
def _milliseconds(scorer: Predictor, batch: Batch) -> float:
    start = time.perf_counter_ns()
    torch.argsort(scorer(batch), descending=True).numpy()
    return (time.perf_counter_ns() - start) / 1e6


def processor() -> str:
    """The CPU's name, as far as the system tells it."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text(encoding="utf-8").splitlines() if about.is_file() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
