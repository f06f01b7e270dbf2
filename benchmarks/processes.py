"""Functions in a process of their own: no caches, threads or memory of what was measured before."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")


def alone(threads: int, function: Callable[Given, Result], *given: Given.args, **named: Given.kwargs) -> Result:
    """What a function of a module returns in a new process, whose libraries start with so many threads."""
    os.environ |= {"OMP_NUM_THREADS": str(threads), "POLARS_MAX_THREADS": str(threads), "CUDA_VISIBLE_DEVICES": ""}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *given, **named).result()


def peak_gb() -> float:
    """Most memory that this process has had resident, in GB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e9 if sys.platform == "darwin" else 1e6)
