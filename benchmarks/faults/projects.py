"""Tiny projects that take seconds: configuration, a log of every kind of field, and the commands that are struck."""

from __future__ import annotations

import fcntl
import json
import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults.commands import CONF, Command, Ended, run
from benchmarks.faults.same import keep_digests, leftovers, newest, read_digests

FIELDS = (
    "[{name: city}, {name: item}, {name: price, kind: numeric}, {name: tags, kind: multi_hot, separator: '|'}, "
    "{name: time, kind: timestamp, format: '%Y-%m-%d %H:%M:%S', parts: [hour, weekday]}]"
)
GLOBALS = f"""dataset: own
raw_path: log.csv
data: {{fields: {FIELDS}, drop: [id]}}
min_count: 1
embedding_dim: 2
mlp: {{hidden: [4]}}
ipnn_mlp: {{hidden: [4]}}
epochs: 2
batch_size: 100
trees: {{n_trees: 3, n_leaves: 4}}
split: {{positive_share: 0.6}}
training: {{learning_rate: 0.05}}
search: {{epochs: 2}}
"""
ROWS = 500
SYNTHETIC = "n_rows=3000,embedding_dim=2,epochs=1,batch_size=100,search.epochs=1"
OWN = ("--conf-source", "conf", "--env", "own")


@dataclass(frozen=True)
class Job:
    """A command on a project.

    Attributes:
        arguments: of the command.
        after: the job whose artifacts it starts from.
        env: synthetic or own.
        params: beside those of every job.
    """

    arguments: tuple[str, ...]
    env: str = "own"
    after: str | None = None
    params: str = ""


COMPARED = ("--pipeline", "statistics_auc")
"""The smallest pipeline with search, extraction, re-training and a comparison."""
JOBS = {
    "compared": Job(COMPARED),
    "trees": Job(("--pipeline", "baselines", "--to-outputs", "gbdt_lr.metrics")),
    "report": Job(("--pipeline", "report"), "synthetic"),
    "predict": Job(("--pipeline", "predict"), after="compared"),
    "extract": Job((*COMPARED, "--from-nodes", "autofm.extract"), after="compared"),
    "choose": Job((*COMPARED, "--from-nodes", "choose_model"), after="compared"),
    "page": Job(("--pipeline", "report", "--from-nodes", "write_report"), "synthetic", after="report"),
    "compared, seed 1": Job(COMPARED, params="seed=1"),
    # for odd parameters
    "fm": Job(("--pipeline", "baselines", "--to-outputs", "fm.metrics")),
    "autofm": Job(("--pipeline", "retrain", "--to-outputs", "autofm.metrics")),
    "rows": Job(("--pipeline", "ingestion"), "synthetic"),
}
STRUCK = ("compared", "trees", "report", "predict")
"""Those that are killed."""


def folder_of(work: Path, job: str) -> Path:
    """Where the uninterrupted run of a job was."""
    return work / "jobs" / job


def command_of(job: str, folder: Path, params: str = "", **struck: object) -> Command:
    """The command of a job in a folder, with further parameters."""
    chosen = JOBS[job]
    given = [] if chosen.env == "own" else [SYNTHETIC]
    given += ["checkpoints.minutes=0.0"] if job != "predict" else ["predict_path=new.csv", "predict_keys=id"]
    given += [text for text in (chosen.params, params) if text]
    start = OWN if chosen.env == "own" else ("--conf-source", str(CONF))
    return Command((*start, *chosen.arguments, "--params", ",".join(given)), folder, **struck)  # type: ignore[arg-type]


def prepare(work: Path, job: str) -> Path:
    """Run a job uninterrupted, once: its folder, with digests of its artifacts and the number of its moments.

    Raises:
        RuntimeError: it failed.
    """
    folder = folder_of(work, job)
    with _locked(work / f"{job}.lock"):
        if (folder / "digests.json").exists():
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        after = JOBS[job].after
        lay_out(folder, prepare(work, after) if after else None)
        ended = run(command_of(job, folder, environment={"FAULTS_COUNT": str(folder / "moments")}))
        if ended.status or leftovers(folder / "data"):
            raise RuntimeError(f"job {job} fails without a fault: {ended.output[-3000:]} {leftovers(folder / 'data')}")
        (folder / "seconds").write_text(json.dumps(ended.seconds))
        keep_digests(newest(folder / "data"), folder / "digests.json")
    return folder


def start(work: Path, job: str, folder: Path) -> tuple[dict[str, str], int]:
    """Lay a job out in a new folder as it was before its run: digests to reach, and the number of moments."""
    reference = prepare(work, job)
    after = JOBS[job].after
    lay_out(folder, folder_of(work, after) if after else None)
    return read_digests(reference / "digests.json"), int((reference / "moments").read_text())


def lay_out(folder: Path, earlier: Path | None = None) -> None:
    """A project folder: configuration, a log, new rows; artifacts of an earlier run."""
    conf = folder / "conf"
    for part in ("base", "own"):
        shutil.copytree(CONF / part, conf / part)
    (conf / "own" / "globals.yml").write_text(GLOBALS)
    (folder / "log.csv").write_text(log(ROWS, 0))
    (folder / "new.csv").write_text(log(60, 1))
    if earlier is not None:
        shutil.copytree(earlier / "data", folder / "data")


def log(n_rows: int, seed: int) -> str:
    """A log in which city and price matter, as csv; some cells are missing."""
    chance = random.Random(seed)
    lines = ["id,label,city,item,price,tags,time"]
    for number in range(n_rows):
        city, price = chance.randrange(5), round(chance.lognormvariate(1, 1), 2)
        label = int(chance.random() < (0.15 if city < 2 else 0.45) + 0.2 * (price > 3))
        tags = "|".join(chance.sample("abcd", chance.randint(0, 2)))
        item = "" if chance.random() < 0.02 else f"i{chance.randrange(30)}"
        time = f"2026-03-{chance.randint(1, 28):02} {chance.randrange(24):02}:00:00"
        lines.append(f"r{number},{label},c{city},{item},{price},{tags},{time}")
    return "\n".join(lines) + "\n"


def succeeded(ended: Ended) -> bool:
    """Whether a command ended as it should without a fault."""
    return ended.status == 0 and not ended.is_hung


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
        os.utime(path)
