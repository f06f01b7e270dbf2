"""One run at a time per data set, by a lock that dies with its process."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from autofis_kedro.errors import UserError
from autofis_kedro.sources import os_lock, run_lock
from autofis_kedro.sources.run_lock import HELD, RunLock, lock_of, read_holder
from tests.kedro_project import kedro_run

HOLD = """
import sys
from pathlib import Path
from autofis_kedro.sources.run_lock import RunLock
RunLock(Path(sys.argv[1])).acquire(wait=len(sys.argv) > 2)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def no_lock_of_others(monkeypatch):
    monkeypatch.setenv(HELD, "")


@contextmanager
def held_by_another(path, *arguments, is_held=True, env=None):
    """A process that holds the lock, or waits for it."""
    command = [sys.executable, "-c", HOLD, str(path), *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=env, **pipes) as process:
        try:
            if is_held:
                assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_a_second_run_is_refused_and_hears_of_the_first(tmp_path):
    path = tmp_path / "data" / ".shop.lock"
    with held_by_another(path) as first:
        with pytest.raises(UserError, match="wait_for_lock=true") as refused:
            RunLock(path).acquire()
        holder = read_holder(path)
        assert f"data set 'shop' in '{path.parent}' is in use by process {first.pid} on " in str(refused.value)
        assert holder.started in str(refused.value)
        assert holder.command in str(refused.value)
        RunLock(tmp_path / "data" / ".other.lock").acquire()  # another data set is free


def test_a_lock_ends_with_its_process_however_that_ends(tmp_path):
    path = tmp_path / ".shop.lock"
    with held_by_another(path) as first:
        first.send_signal(signal.SIGKILL)
    lock = RunLock(path)
    lock.acquire()
    assert lock.is_held
    assert lock.is_certain
    assert read_holder(path).pid == os.getpid()
    lock.release()
    with held_by_another(path):
        pass


def test_who_waits_gets_the_lock_when_it_is_free(tmp_path):
    path = tmp_path / ".shop.lock"
    lock = RunLock(path)
    lock.acquire()
    with held_by_another(path, "wait", is_held=False, env=os.environ | {HELD: ""}) as second:
        second.stderr.readline()  # it says for whom it waits
        assert second.poll() is None
        assert read_holder(path).pid == os.getpid()
        lock.release()
        assert second.stdout.readline() == "held\n"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted there")
def test_who_is_refused_or_stops_waiting_leaves_no_file_open(tmp_path, monkeypatch):
    path = tmp_path / ".shop.lock"

    def interrupted(seconds):
        raise KeyboardInterrupt

    with held_by_another(path):
        before = len(list(Path("/proc/self/fd").iterdir()))
        with pytest.raises(UserError, match="in use"):
            RunLock(path).acquire()
        monkeypatch.setattr(run_lock.time, "sleep", interrupted)
        with pytest.raises(KeyboardInterrupt):
            RunLock(path).acquire(wait=True)
        assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("folder", ["data", "a:b;c"])
def test_processes_that_a_run_starts_work_under_its_lock(tmp_path, monkeypatch, folder):
    path = tmp_path / folder / ".shop.lock"
    lock = RunLock(path)
    lock.acquire()
    with held_by_another(path):
        assert read_holder(path).pid == os.getpid()
    lock.release()
    assert not os.environ[HELD]
    monkeypatch.setenv(HELD, f"1@{path}")  # what a stranger claims is not believed
    with held_by_another(path), pytest.raises(UserError, match="in use"):
        RunLock(path).acquire()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is inherited without fork")
def test_forked_children_do_not_keep_the_lock_of_a_dead_run(tmp_path):
    path = tmp_path / ".shop.lock"
    script = f"""
import os, time
from pathlib import Path
from autofis_kedro.run_guard import OneRunAtATime
from autofis_kedro.sources.run_lock import RunLock
guard = OneRunAtATime()
guard._locks[Path({str(path)!r})] = lock = RunLock(Path({str(path)!r}))
lock.acquire()
child = os.fork()
if child == 0:
    time.sleep(60)
print(child, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        try:
            parent.kill()
            parent.wait()
            os.kill(child, 0)  # it lives, and has no say in it
            RunLock(path).acquire()
        finally:
            os.kill(child, signal.SIGKILL)


def test_where_the_file_system_has_no_locks_this_is_said(tmp_path, monkeypatch, caplog):
    def no_locks(file):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(os_lock, "try_lock", no_locks)
    monkeypatch.setattr(os_lock, "release", no_locks)
    lock = RunLock(tmp_path / ".shop.lock")
    lock.acquire()
    assert "without locks (No locks available)" in caplog.text
    assert not lock.is_certain
    lock.release()
    assert not lock.is_held


@pytest.mark.parametrize("text", ["", "null", "[1]", '{"pid": "x"}', "\x00\xff"])
def test_a_lock_file_that_says_nothing_still_locks(tmp_path, text):
    path = tmp_path / ".shop.lock"
    with held_by_another(path):
        path.write_text(text)
        with pytest.raises(UserError, match="in use by another process"):
            RunLock(path).acquire()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(UserError, match=r"nothing can be written into '.*data'"):
        RunLock(tmp_path / "data" / ".shop.lock").acquire()


@pytest.mark.parametrize(
    ("artifact", "lock"),
    [
        ("/p/data/06_models/shop/autofm/weights.safetensors", "/p/data/.shop.lock"),
        ("/p/data/08_reporting/shop/report.html", "/p/data/.shop.lock"),
        ("/p/elsewhere/report.html", "/p/elsewhere/.run.lock"),
        ("/p/data/08_reporting/report.html", "/p/data/08_reporting/.run.lock"),
    ],
)
def test_every_artifact_of_a_data_set_has_the_same_lock(artifact, lock):
    assert lock_of(Path(artifact)) == Path(lock)


def test_a_run_is_refused_while_another_one_writes(tmp_path):
    with held_by_another(tmp_path / "data" / ".synthetic.lock") as first:
        second = kedro_run(tmp_path, "--pipeline", "ingestion", "--params", "n_rows=2000")
    assert second.returncode == 1
    assert f"is in use by process {first.pid} " in second.stdout
    assert "Traceback" not in second.stdout
    assert not list(tmp_path.rglob("*.parquet"))
