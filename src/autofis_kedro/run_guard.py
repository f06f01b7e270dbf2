"""Hooks that keep a run to itself: its lock, its version, and its children."""

import logging
import multiprocessing
import os
import threading
import weakref
from collections.abc import Iterable
from datetime import datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.io.core import VERSION_FORMAT, Version
from kedro.pipeline import Pipeline

from autofis_kedro.errors import UserError
from autofis_kedro.sources.atomic import AtomicDataset
from autofis_kedro.sources.leftovers import VERSION, clear_leftovers
from autofis_kedro.sources.run_lock import RunLock, lock_of

logger = logging.getLogger(__name__)

Catalog = CatalogProtocol[Any, Any]


class OneRunAtATime:
    """A run holds the lock of the data set that it writes, and works on one set of versions from beginning to end.

    What it reads is pinned when it begins, what it makes is newer than all that is there, whatever the clock says, and
    is what it reads later (``AtomicDataset.resolve_load_version``). Commands that only read need no lock.
    """

    def __init__(self) -> None:
        self._locks: dict[Path, RunLock] = {}
        self._runs: list[tuple[weakref.ReferenceType[Catalog], set[Path]]] = []
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    @hook_impl(trylast=True)
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: Catalog) -> None:
        """Take the lock, clear what killed runs left, and fix the versions.

        Raises:
            UserError: another run holds the lock (which one).
        """
        made = [found for name in sorted(pipeline.all_outputs()) if isinstance(found := catalog[name], AtomicDataset)]
        self._end(None)
        wait = (run_params.get("runtime_params") or {}).get("wait_for_lock", False)
        if not isinstance(wait, bool):
            raise UserError(f"wait_for_lock is {wait!r}: true or false")
        places = {lock_of(Path(dataset._filepath)) for dataset in made}
        self._runs.append((weakref.ref(catalog), places))
        try:
            for place in sorted(places):  # in one order, so that two that wait do not wait for each other
                lock = self._locks.setdefault(place, RunLock(place))
                is_new = not lock.is_held
                lock.acquire(wait=wait)
                if is_new and lock.is_certain:
                    clear_leftovers(place)
            make_newest(made, str(run_params.get("run_id") or ""))
            pin(found for name in pipeline.inputs() if isinstance(found := catalog[name], AtomicDataset))
        except BaseException:
            self._end(catalog)
            raise

    @hook_impl(trylast=True)
    def after_pipeline_run(self, catalog: Catalog) -> None:
        """Give the lock back."""
        self._end(catalog)

    @hook_impl(trylast=True)
    def on_pipeline_error(self, catalog: Catalog) -> None:
        """Give the lock back."""
        self._end(catalog)

    def _end(self, catalog: Catalog | None) -> None:
        """Forget a run, and those that were interrupted; release what none of the others needs."""
        self._runs = [(run, places) for run, places in self._runs if run() is not None and run() is not catalog]
        needed = set().union(*(places for _, places in self._runs))
        for place in set(self._locks) - needed:
            self._locks.pop(place).release()

    def _forget(self) -> None:
        for lock in self._locks.values():
            lock.forget()


class EndWithParent:
    """A process of ParallelRunner ends when its parent was killed: nobody would read what it makes."""

    def __init__(self) -> None:
        self._watched = 0

    @hook_impl
    def before_node_run(self) -> None:
        """Watch the parent, where there is one."""
        parent = multiprocessing.parent_process()
        if parent is not None and self._watched != os.getpid():
            self._watched = os.getpid()
            threading.Thread(target=_end_after, args=[parent], daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def make_newest(made: Iterable[AtomicDataset], version: str) -> None:
    """Let all be saved under a version newer than those that are there, though the clock may have been set back."""
    datasets = [dataset for dataset in made if dataset._version is not None]
    there = [found for dataset in datasets for found in _versions(dataset)]
    newest = max(there, default="")
    if not version or newest < version:
        return
    later = _after(newest)
    logger.warning("the clock is behind: version %s is there already; this run's version is %s", newest, later)
    for dataset in datasets:
        dataset._version = Version(dataset._version and dataset._version.load, later)


def pin(read: Iterable[AtomicDataset]) -> None:
    """Let each be read at the version that is the newest now, unless another was asked for."""
    for dataset in read:
        if dataset._version is not None and dataset._version.load is None and dataset.exists():
            dataset._version = Version(dataset.resolve_load_version(), dataset._version.save)


def _versions(dataset: AtomicDataset) -> list[str]:
    folder = Path(dataset._filepath)
    return [path.name for path in folder.iterdir() if VERSION.fullmatch(path.name)] if folder.is_dir() else []


def _after(version: str) -> str:
    """The version of the next millisecond, as kedro writes it."""
    moment = datetime.strptime(version, VERSION_FORMAT) + timedelta(milliseconds=1)
    text = moment.strftime(VERSION_FORMAT)
    return text[:-4] + text[-1:]
