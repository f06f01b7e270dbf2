"""How fast, and in how much memory, a Criteo-shaped file becomes encoded examples, and how soon a training has them.

    python -m benchmarks.ingest [--gb 0.2 2 8]

Writes a file of random rows (40 tab-separated columns, millions of distinct values) of each size, then runs each step
in a process of its own and prints megabytes of raw text per second and the peak resident memory. 8 GB of text take
20 GB of disk, where ``TMPDIR`` says.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from autofis_kedro.data.bucketing import BucketingConfig
from autofis_kedro.data.description import DataDescription, Delimited, FieldDescription
from autofis_kedro.data.encode import encode
from autofis_kedro.data.examples import Examples
from autofis_kedro.data.reading import RawRows
from autofis_kedro.data.rows import TypedRows
from autofis_kedro.data.splitting import SPLITS, SplitConfig, split_rows
from autofis_kedro.data.vocabulary_fitting import fit_vocabularies, kinds_of
from benchmarks.processes import alone, peak_gb
from benchmarks.records import keep_if_quiet

RESULTS = Path(__file__).parent / "results" / "ingest.json"
REFERENCE = "polars alone"
STEPS = (REFERENCE, "ingestion", "bucketing", "first batch")
DESCRIPTION = DataDescription(
    format=Delimited(separator="\t", quote=None, columns=("label", "I1..I13", "C1..C26")),
    fields=(FieldDescription(name="I1..I13", kind="numeric"), FieldDescription(name="C1..C26")),
)
CHUNK = 100_000
BATCH = 2_000


def generate(path: Path, size: float) -> None:
    """Write about ``size`` GB of rows; a category's number of distinct values grows from 10 to two million."""
    rng = np.random.default_rng(0)
    distinct = np.geomspace(10, 2_000_000, 26).astype(int)
    with path.open("wb") as file:
        while file.tell() < size * 1e9:
            columns = {"label": rng.integers(0, 4, CHUNK) == 0}
            columns |= {f"I{i}": np.floor(rng.lognormal(2, 1.5, CHUNK)).astype(int) for i in range(1, 14)}
            columns |= {f"C{i}": (n * rng.random(CHUNK) ** 3).astype(int) for i, n in enumerate(distinct, 1)}
            text = [(pl.col(f"C{i}").cast(pl.UInt32) * 2_654_435_761 % 2**32).cast(pl.String) for i in range(1, 27)]
            frame = pl.DataFrame(columns).with_columns(pl.col("label").cast(pl.UInt8), *text)
            frame.write_csv(file, separator="\t", include_header=False)


def step(name: str, folder: Path) -> float | None:
    """One step: raw text to typed rows with their splits, these to encoded examples, or these to a first batch.

    The reference is what polars takes to copy the text into parquet as it comes: no types, no checks, no splits.
    """
    typed = folder / "typed.parquet"
    if name == "first batch":
        from autofis_kedro.data.batches import training_batches  # torch takes seconds, and no other step needs it

        start = time.perf_counter()
        next(training_batches(Examples.open(folder / "train"), BATCH, seed=0, epoch=0))
        return time.perf_counter() - start
    if name == REFERENCE:
        columns = dict.fromkeys(DESCRIPTION.format.columns, pl.String)
        raw = pl.scan_csv(folder / "raw.tsv", separator="\t", quote_char=None, has_header=False, schema=columns)
        raw.sink_parquet(folder / "raw.parquet", engine="streaming")
        return None
    if name == "ingestion":
        RawRows(str(folder / "raw.tsv"), DESCRIPTION).write(typed)
    rows = TypedRows(typed).scan()
    assignment, _ = split_rows(rows, SplitConfig())
    if name == "bucketing":
        train = assignment.select(rows, "train")
        vocabularies = fit_vocabularies(train, kinds_of(train), BucketingConfig(min_count=20))
        schema = vocabularies.schema("criteo")
        for split in SPLITS:
            encode(assignment.select(rows, split), vocabularies, schema, folder / split, split)
    return None


def step_and_peak(name: str, folder: Path) -> tuple[float | None, float]:
    """The seconds that a step tells, if it does, and the most memory of its process in GB."""
    return step(name, folder), peak_gb()


def measure(name: str, folder: Path, megabytes: float) -> dict[str, float | str | None]:
    """Run a step in a process of its own; the start of Python and the imports count, but for the first batch."""
    start = time.perf_counter()
    within, peak = alone(os.cpu_count() or 1, step_and_peak, name, folder)
    seconds = time.perf_counter() - start
    result: dict[str, float | str | None] = {"step": name, "peak_rss_gb": peak}
    if within is not None:
        return result | {"seconds": within, "mb_per_s": None}
    return result | {"seconds": seconds, "mb_per_s": megabytes / seconds}


def measure_size(gigabytes: float) -> dict[str, Any]:
    """All steps on a file of one size."""
    with tempfile.TemporaryDirectory(prefix="ingest_") as name:
        folder = Path(name)
        generate(folder / "raw.tsv", gigabytes)
        megabytes = (folder / "raw.tsv").stat().st_size / 1e6
        return {"megabytes": megabytes, "steps": [measure(step_name, folder, megabytes) for step_name in STEPS]}


def show(sizes: list[dict[str, Any]]) -> None:
    """One table of all sizes."""
    table = Table(title="Criteo-shaped text", title_justify="left")
    for column in ("MB", "step", "s", "MB/s of raw text", "peak resident GB"):
        table.add_column(column, justify="right")
    for size in sizes:
        for row in size["steps"]:
            speed = "" if row["mb_per_s"] is None else f"{row['mb_per_s']:.0f}"
            seconds = f"{row['seconds']:.3f}" if row["mb_per_s"] is None else f"{row['seconds']:.1f}"
            table.add_row(f"{size['megabytes']:,.0f}", row["step"], seconds, speed, f"{row['peak_rss_gb']:.2f}")
        table.add_section()
    Console().print(table)


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gb", type=float, nargs="+", default=[2.0])
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    sizes = [measure_size(gigabytes) for gigabytes in arguments.gb]
    show(sizes)
    keep_if_quiet(RESULTS, {"load": load, "sizes": sizes}, is_quiet=True)


if __name__ == "__main__":
    main()
