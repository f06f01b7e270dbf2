"""How a case ended: the five columns of the table, and how they are told from what a program said and did."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from autofis_kedro.errors import UserError


class Ending(StrEnum):
    """What became of a case; the last three must not be."""

    REFUSED = "refused cleanly"
    WORKED = "worked"
    TRACEBACK = "tracebacks"
    WRONG = "wrong"
    HUNG = "hung"


BAD = (Ending.TRACEBACK, Ending.WRONG, Ending.HUNG)


@dataclass(frozen=True)
class Outcome:
    """Of one case.

    Attributes:
        ending: column of the table.
        detail: what was done to what, and what came of it, for whoever repeats the case.
    """

    ending: Ending
    detail: str = ""


DEEP = re.compile(
    r"Traceback \(most recent call last\)|panicked at|PanicException|pyo3|\brust\b|\.rs:\d|errors\.pydantic\.dev"
    r"|site-packages"
    r"|\bc10::|\bat::|torch\.\w*Error|polars\.exceptions|core dumped|[Ss]egmentation fault|object at 0x"
    r"|'NoneType' object|not subscriptable|index out of range|unexpected keyword argument|takes \d+ positional"
    r"|has no attribute|Fatal Python error|INTERNAL ASSERT|TapeError|InternalError"
)
"""What a user must never be shown: traces, and messages from deep inside a library."""

INTERRUPTED = (130, 143)
"""Statuses of a run that was asked to stop and said so."""


def deep(text: str) -> str | None:
    """The first line that comes from deep inside, if there is one."""
    return next((line.strip()[:300] for line in text.splitlines() if DEEP.search(line)), None)


def of_run(status: int, output: str) -> Outcome:
    """Of a run that was let alone: WORKED only says that it ended with status 0, not that the result is right."""
    inside = deep(output)
    if inside is not None:
        return Outcome(Ending.TRACEBACK, f"status {status}: {inside} ... {last_line(output)}")
    if status == 0:
        return Outcome(Ending.WORKED)
    if status in (1, 2) and re.search(r"^(Error|Usage|Interrupted)\b", output, re.MULTILINE):
        return Outcome(Ending.REFUSED, message(output))
    return Outcome(Ending.TRACEBACK, f"status {status} without a message: {last_line(output)}")


def of_error(error: BaseException) -> Outcome:
    """Of an exception that the library raised."""
    if isinstance(error, UserError):
        inside = deep(str(error))
        return Outcome(Ending.TRACEBACK if inside else Ending.REFUSED, f"{error}")
    place, trace = "", error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if "autofis_kedro" in code.co_filename:
            place = f" in {code.co_filename.rpartition('autofis_kedro/')[2]}:{trace.tb_lineno} {code.co_name}"
        trace = trace.tb_next
    first = (str(error).splitlines() or [""])[0][:300]
    return Outcome(Ending.TRACEBACK, f"{type(error).__name__}: {first}{place}")


def message(output: str) -> str:
    """The error that a run ended with."""
    found = re.search(r"^Error.*", output, re.MULTILINE | re.DOTALL)
    return " ".join((found[0] if found else last_line(output)).split())[:400]


def last_line(output: str) -> str:
    """The last line that says something."""
    return next((line.strip()[:300] for line in reversed(output.splitlines()) if line.strip()), "no output")
