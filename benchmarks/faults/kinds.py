"""The kinds of faults: rows of the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults import artifacts, descriptions, kills, packed, pairs, parameters, parquet, places, raw, stages
from benchmarks.faults.outcome import Outcome
from benchmarks.faults.projects import STRUCK


@dataclass(frozen=True)
class Kind:
    """A kind of fault.

    Attributes:
        title: of its row.
        run: one case: its number, the folder that cases share, and a folder of its own.
        jobs: what has to have run without a fault.
        batch: cases that one process does; those of whole commands stand alone.
        share: of the time, beside that of other kinds.
    """

    title: str
    run: Callable[[int, Path, Path], Outcome]
    jobs: tuple[str, ...] = ()
    batch: int = 1
    share: int = 1


KINDS = {
    "parquet": Kind("parquet with damage", parquet.parquet, batch=40),
    "description": Kind("odd descriptions of the data", descriptions.description, batch=40),
    "artifact": Kind("artifact damaged, then loaded", artifacts.loaded, artifacts.JOBS, batch=25),
    "stage": Kind("artifact damaged, then the next stage", stages.stage, stages.NEXT),
    "checkpoint": Kind("checkpoint damaged, then continued", stages.checkpoint, stages.CONTINUED),
    "kill": Kind("run killed (kill -9)", kills.kill, STRUCK, share=3),
    "text": Kind("text with damage", raw.text, batch=40),
    "packed": Kind("compressed files with damage", packed.packed, batch=40),
    "parameter": Kind("odd parameters", parameters.parameter),
    "disk": Kind("full disk", places.disk, STRUCK),
    "place": Kind("failing files, no TMPDIR, clock set back", places.place, places.JOBS),
    "pair": Kind("two runs at once", pairs.pair, pairs.JOBS),
    "stop": Kind("run asked to stop (SIGTERM, SIGINT)", kills.stop, STRUCK, share=2),
}
