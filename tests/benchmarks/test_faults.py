"""A part of the campaign of faults, and that the campaign itself sees what is wrong."""

import os
import signal
import time
from pathlib import Path

import pytest
from benchmarks.faults.campaign import Campaign, Case
from benchmarks.faults.kinds import KINDS
from benchmarks.faults.oracle import Problem, read
from benchmarks.faults.outcome import BAD, Ending, of_error, of_run
from benchmarks.faults.samples import samples

from autofis_kedro.errors import UserError

PART = {
    "text": range(150),
    "packed": range(80),
    "parquet": range(40),
    "description": range(60),
    "artifact": range(12),
    "stage": [9],
    "checkpoint": [4],
    "kill": [11],
    "stop": [1],
    "parameter": range(3),
}
"""Numbers of cases that take a minute."""


def test_a_part_of_the_campaign_ends_as_it_should(tmp_path):
    campaign = Campaign(tmp_path, list(PART), wanted=PART, limit=200, workers=1)
    cases = [case for case in campaign.run(None) if isinstance(case, Case)]
    assert sorted((case.kind, case.number) for case in cases) == sorted((k, n) for k in PART for n in PART[k])
    assert not [f"{case.name} {case.ending}: {case.detail}" for case in cases if case.ending in BAD]
    for kind in ("text", "packed", "parquet", "description", "artifact"):
        assert campaign.tallies[kind].ended[Ending.WORKED]
        assert campaign.tallies[kind].ended[Ending.REFUSED]


def test_a_case_is_drawn_from_its_number_alone(tmp_path):
    def detail(number, name):
        room = tmp_path / name
        room.mkdir()
        return KINDS["text"].run(number, tmp_path, room).detail

    assert detail(6, "a").replace("/a/", "") == detail(6, "b").replace("/b/", "")
    assert detail(6, "c") != detail(7, "d")


@pytest.mark.parametrize(
    ("status", "output", "ending"),
    [
        (0, "fine", Ending.WORKED),
        (1, "working\nError: column 'x' is missing", Ending.REFUSED),
        (1, "Traceback (most recent call last):\n  boom", Ending.TRACEBACK),
        (0, "thread 'main' panicked at src/lib.rs:3", Ending.TRACEBACK),
        (1, "Error: polars.exceptions.ComputeError", Ending.TRACEBACK),
        (1, "nothing that helps", Ending.TRACEBACK),
        (-11, "", Ending.TRACEBACK),
    ],
)
def test_what_a_run_said_is_told_apart(status, output, ending):
    assert of_run(status, output).ending == ending


def test_only_a_users_error_is_clean():
    assert of_error(UserError("'log.csv', line 3: too short")).ending == Ending.REFUSED
    assert of_error(UserError("pyo3_runtime.PanicException")).ending == Ending.TRACEBACK
    assert of_error(KeyError("x")).ending == Ending.TRACEBACK


@pytest.mark.parametrize("name", list(samples()))
def test_the_oracle_reads_every_sample_and_sees_damage(name):
    sample = samples()[name]
    data = sample.text().encode()
    assert len(read(data, sample).rows) == len(sample.records)
    with pytest.raises(Problem):
        read(data + b"\xff\n", sample)
    with pytest.raises(Problem):
        read(data + b"too,short\n", sample)


def _crashes(number: int, work: Path, room: Path):
    os.kill(os.getpid(), signal.SIGKILL)


def _hangs(number: int, work: Path, room: Path):
    time.sleep(1e6)


def test_a_crash_and_a_hang_end_one_case(tmp_path, monkeypatch):
    from benchmarks.faults import worker

    said = tmp_path / "said"
    for kind, ending in ((_crashes, Ending.TRACEBACK), (_hangs, Ending.HUNG)):
        monkeypatch.setitem(KINDS, "text", type(KINDS["text"])("x", kind))
        with said.open("w") as answers:
            worker._batch("text", [1, 2], tmp_path, 0.05, answers)
        lines = said.read_text().splitlines()
        assert [ending.value in line for line in lines] == [True, True]
