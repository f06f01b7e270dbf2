"""Is a file what was written? Checksums beside artifacts, and one message for whatever is damaged.

CRC-32: it finds every flipped byte and every cut, which is what disks and copies do, at 1.8 GB/s and thread. It is no
protection against somebody who means it; against that nothing that is loaded is ever executed (no pickle).
"""

from __future__ import annotations

import errno
import json
import stat
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from autofis_kedro.errors import UserError

CHUNK = 1 << 25
THREADS = 4
NO_DAMAGE = {errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE}
"""What the operating system says where a file may be in order and is not to be had."""
WAY_OUT = "delete this version and run again the pipeline that makes it"

T = TypeVar("T")
Stamp = tuple[tuple[str, int, int, int], ...]

_verified: dict[Path, Stamp] = {}


def seal_of(path: Path) -> Path:
    """Where the checksums of an artifact lie: beside it, under a hidden name."""
    return path.with_name(f".{path.name}.crc32")


def seal(path: Path, final: Path | None = None) -> None:
    """Write down the checksums of a file, or of every file of a folder, that is renamed to ``final`` afterwards."""
    seal_of(final or path).write_text(json.dumps(_checksums(path)), encoding="utf-8")


def verify(path: Path) -> None:
    """Check an artifact against its checksums, once in a process as long as it does not change.

    What has none (of an earlier release, or copied without them) is taken as it is.

    Raises:
        UserError: it is not what was written, or it is no regular file or folder.
    """
    if not path.exists():
        return
    files = _files(path)
    for file in files:
        mode = file.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # a pipe would wait for ever
            raise damaged(path, f"'{file.name}' is no file")
    place = seal_of(path)
    if not place.exists():
        return
    stamp = _stamp([*files, place])
    if _verified.get(path) == stamp:
        return
    with reading(path):
        written, found = json.loads(place.read_text(encoding="utf-8")), _checksums(path)
    if written != found:
        odd = sorted(name for name in {*written, *found} if written.get(name) != found.get(name))
        which = "" if odd == ["."] else f" in {', '.join(odd[:3])}"
        raise damaged(path, f"it is not what was written{which}: its checksum in '{place.name}' is another")
    _verified[path] = stamp


def read_whole(path: Path, read: Callable[[Path], T]) -> T:
    """What ``read`` makes of an artifact that is what was written.

    Raises:
        UserError: it is not, or cannot be read.
    """
    verify(path)
    with reading(path):
        found = read(path)
    return found  # noqa: RET504  (within, mypy would miss a return)


@contextmanager
def reading(path: Path, way_out: str = WAY_OUT, what: str = "artifact") -> Iterator[None]:
    """Whatever goes wrong while a file that exists is read is one message that names it.

    Faults of the machine go on as they are: nobody should delete an artifact because memory ran out.

    Raises:
        UserError: it cannot be read.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if is_out_of_memory(error) or (isinstance(error, OSError) and error.errno in NO_DAMAGE) or not path.exists():
            raise
        reason = (str(error).strip().splitlines() or [""])[0]
        raise damaged(path, f"{type(error).__name__}: {reason}", way_out, what) from error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python, numpy or torch got no memory, of the processor's or of a GPU's."""
    text = str(error)
    return isinstance(error, MemoryError) or "can't allocate memory" in text or "CUDA out of memory" in text


def damaged(path: Path, why: str, way_out: str = WAY_OUT, what: str = "artifact") -> UserError:
    """The message for something that cannot be what was written."""
    return UserError(f"{what} '{path}' is damaged ({why}): {way_out}")


def _files(path: Path) -> list[Path]:
    return sorted(path.rglob("*")) if path.is_dir() else [path]


def _stamp(files: list[Path]) -> Stamp:
    """What changes with a file, at the cost of a look."""
    return tuple((str(file), *_numbers(file)) for file in files)


def _numbers(file: Path) -> tuple[int, int, int]:
    found = file.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino


def _checksums(path: Path) -> dict[str, str]:
    """Checksum and size by the name within the folder; ``.`` is a file itself."""
    with ThreadPoolExecutor(THREADS) as threads:
        return {
            file.relative_to(path).as_posix(): f"{_crc(file, threads):08x}-{file.stat().st_size}"
            for file in _files(path)
            if not file.is_dir()
        }


def _crc(file: Path, threads: ThreadPoolExecutor) -> int:
    """The checksum of the checksums of the file's parts, which threads reckon side by side."""

    def of_part(start: int) -> bytes:
        with file.open("rb") as opened:
            opened.seek(start)
            return zlib.crc32(opened.read(CHUNK)).to_bytes(4, "little")

    return zlib.crc32(b"".join(threads.map(of_part, range(0, file.stat().st_size, CHUNK))))
