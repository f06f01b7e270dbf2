"""How fast, and in how much memory, a Criteo-shaped file becomes encoded examples.

    python -m benchmarks.ingest [--gb 2]

Writes a file of random rows (40 tab-separated columns, millions of distinct values), then runs each step in a process
of its own and prints megabytes of raw text per second and the peak resident memory.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from autofis_kedro.data.bucketing import BucketingConfig
from autofis_kedro.data.description import DataDescription, Delimited, FieldDescription
from autofis_kedro.data.encode import encode
from autofis_kedro.data.reading import RawRows
from autofis_kedro.data.rows import TypedRows
from autofis_kedro.data.splitting import SPLITS, SplitConfig, split_rows
from autofis_kedro.data.vocabulary import fit_vocabularies, kinds_of

RESULTS = Path(__file__).parent / "results" / "ingest.json"
REFERENCE = "polars alone"
STEPS = (REFERENCE, "ingestion", "bucketing")
DESCRIPTION = DataDescription(
    format=Delimited(separator="\t", quote=None, columns=("label", "I1..I13", "C1..C26")),
    fields=(FieldDescription(name="I1..I13", kind="numeric"), FieldDescription(name="C1..C26")),
)
CHUNK = 100_000


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


def step(name: str, folder: Path) -> None:
    """One step: raw text to typed rows with their splits, or these to encoded examples.

    The reference is what polars takes to copy the text into parquet as it comes: no types, no checks, no splits.
    """
    typed = folder / "typed.parquet"
    if name == REFERENCE:
        columns = dict.fromkeys(DESCRIPTION.format.columns, pl.String)
        raw = pl.scan_csv(folder / "raw.tsv", separator="\t", quote_char=None, has_header=False, schema=columns)
        raw.sink_parquet(folder / "raw.parquet", engine="streaming")
        return
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


def measure(name: str, folder: Path, megabytes: float) -> dict[str, float | str]:
    """Run a step in a child process."""
    start = time.perf_counter()
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.ingest", "--step", name, "--folder", str(folder)],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - start
    return {"step": name, "seconds": seconds, "mb_per_s": megabytes / seconds, "peak_rss_gb": float(child.stdout) / 1e6}


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gb", type=float, default=2.0)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        step(arguments.step, arguments.folder)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return
    with tempfile.TemporaryDirectory(prefix="ingest_") as name:
        folder = Path(name)
        generate(folder / "raw.tsv", arguments.gb)
        megabytes = (folder / "raw.tsv").stat().st_size / 1e6
        results = [measure(step_name, folder, megabytes) for step_name in STEPS]
    table = Table(title=f"{megabytes:,.0f} MB of Criteo-shaped text", title_justify="left")
    for column in ("step", "s", "MB/s of raw text", "peak resident GB"):
        table.add_column(column, justify="right")
    for row in results:
        table.add_row(row["step"], f"{row['seconds']:.1f}", f"{row['mb_per_s']:.0f}", f"{row['peak_rss_gb']:.2f}")
    Console().print(table)
    machine = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "load": os.getloadavg()[0]}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(machine | {"megabytes": megabytes, "steps": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
