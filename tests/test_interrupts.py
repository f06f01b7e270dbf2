"""SIGTERM ends a run as Ctrl+C does; what the machine does to a run is said in one line."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import polars as pl
import pytest
from kedro.io.core import DatasetError

from autofis_kedro.cli import explain
from autofis_kedro.interrupts import listening
from autofis_kedro.sources.node_counter import PLACE, NodeCounter
from tests.kedro_project import ROOT, command, surroundings

FM = ("--pipeline", "baselines", "--to-outputs", "fm.weights")
LONG = "n_rows=20000,epochs=200,embedding_dim=4,training.patience=200,checkpoints.minutes=0.0"
STUBBORN = """
import sys, time
from autofis_kedro import interrupts
interrupts.GRACE_SECONDS = 0.2
with interrupts.listening():
    word = "ready"
    while True:
        try:
            print(word, flush=True)
            word = ""
            time.sleep(60)
        except KeyboardInterrupt:
            word = "heard"
"""


@pytest.mark.parametrize(("number", "word"), [(signal.SIGTERM, "Terminated"), (signal.SIGINT, "Interrupted")])
def test_what_does_not_end_by_itself_is_cut_off(number, word):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", STUBBORN], env=surroundings(), **pipes) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        said, complained = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert said == "heard\n"
    assert complained.startswith(f"{word}. The same command continues")


def test_nothing_is_listened_to_after_a_run():
    before, threads = signal.getsignal(signal.SIGTERM), threading.active_count()
    with listening():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
    assert signal.set_wakeup_fd(-1) == -1
    while threading.active_count() > threads:
        time.sleep(0.01)


def test_a_terminated_run_says_what_continues_it(tmp_path):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command(*FM, "--params", LONG), cwd=tmp_path, env=surroundings(), **pipes) as process:
        for line in process.stdout:
            if "fm, seed 0: epoch 2:" in line:
                process.send_signal(signal.SIGTERM)
                break
        said = process.stdout.read()
    assert process.returncode == 143, said
    assert f"finished seeds and checkpoints: python -m autofis_kedro --conf-source {ROOT / 'conf'}" in said
    assert f"--params {LONG}" in said
    assert "Traceback" not in said
    assert list(tmp_path.glob("data/06_models/synthetic/checkpoints/fm/*.safetensors"))
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_processes_of_a_run_count_its_nodes_together(monkeypatch, start):
    monkeypatch.setenv(PLACE, "")
    counter = NodeCounter()
    counter.begin(12)
    with ProcessPoolExecutor(2, mp_context=get_context(start)) as pool:
        counts = [job.result() for job in [pool.submit(NodeCounter.next) for _ in range(12)]]
    assert sorted(counts) == [(n + 1, 12) for n in range(12)]


def test_a_counter_ends_with_the_run(monkeypatch):
    monkeypatch.setenv(PLACE, "")
    counter = NodeCounter()
    assert counter.next() is None
    counter.begin(3)
    assert [counter.next(), NodeCounter.next()] == [(1, 3), (2, 3)]
    counter.end()
    assert counter.next() is None


def raised(error, cause=None):
    try:
        try:
            raise cause or error
        except BaseException as inner:
            if cause is None:
                raise
            raise error from inner
    except BaseException as outer:
        return outer


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT, errno.EIO, errno.EMFILE])
def test_what_the_system_refuses_is_one_line_with_the_place(number):
    fault = OSError(number, os.strerror(number), "/data/weights.safetensors")
    wrapped = raised(DatasetError("Failed while saving data to dataset ..."), fault)
    assert explain(wrapped) == f"'/data/weights.safetensors' cannot be read or written: {os.strerror(number)}"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            pl.exceptions.ComputeError("failed to write\nNo space left on device (os error 28)"),
            "No space left on device",
        ),
        (MemoryError(), "memory ran out"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"), "embedding_dim"),
        (FileNotFoundError(2, "No usable temporary directory found in ['/gone']"), "set TMPDIR"),
        (DatasetError("Save path '/x' must not exist if versioning is enabled."), "must not exist"),
    ],
)
def test_so_is_what_libraries_say_of_it(error, said):
    assert said in explain(raised(error))


@pytest.mark.parametrize("error", [ValueError("a mistake of ours"), FileNotFoundError(2, "No such file", "x")])
def test_mistakes_of_the_program_keep_their_traceback(error):
    assert explain(raised(DatasetError("Failed while loading"), error)) is None
