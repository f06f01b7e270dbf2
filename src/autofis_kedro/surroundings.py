"""Faults of the machine rather than of the program, each as one message that names the place."""

import errno
import os
import re
from concurrent.futures.process import BrokenProcessPool

from kedro.io.core import DatasetError

from autofis_kedro.integrity import is_out_of_memory

ABOUT_FILES = {
    errno.EACCES,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EIO,
    errno.EISDIR,
    errno.ELOOP,
    errno.EMFILE,
    errno.ENAMETOOLONG,
    errno.ENFILE,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
    errno.ESTALE,
}
"""What the operating system says of a place; other numbers may well be mistakes of ours."""
OS_ERROR = re.compile(r"\(os error (\d+)\)")
"""How polars and safetensors end what the operating system told them."""
NO_MEMORY = "reduce batch_size, embedding_dim or the number of runs at a time, or take a machine with more"


def explain_surroundings(error: BaseException) -> str | None:
    """The message for a fault of disk, memory or system; None if it is none."""
    text = str(error).strip()
    if is_out_of_memory(error):
        return f"memory ran out ({_first_line(text) or 'no more to be had'}): {NO_MEMORY}"
    if isinstance(error, BrokenProcessPool):
        return f"a process of the run was killed, as systems do when memory runs out: {NO_MEMORY}"
    if isinstance(error, OSError) and error.errno in ABOUT_FILES:
        place = f"'{error.filename}'" if error.filename else "a file"
        return f"{place} cannot be read or written: {error.strerror}"
    if isinstance(error, FileNotFoundError) and "temporary directory" in text:
        return f"no folder for temporary files can be written ({_first_line(text)}): set TMPDIR to one that can"
    said = OS_ERROR.search(text)
    if said is not None and int(said[1]) in ABOUT_FILES:
        return f"{_first_line(text)}: {os.strerror(int(said[1]))}"
    if isinstance(error, DatasetError) and error.__cause__ is None and error.__context__ is None:
        return text
    return None


def _first_line(text: str) -> str:
    return (text.splitlines() or [""])[0]
