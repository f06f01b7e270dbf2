"""Raw files: where they are, and as plain local files."""

from __future__ import annotations

import gzip
import shutil
from glob import glob
from pathlib import Path

import fsspec

from autofis_kedro.errors import UserError

BLOCK = 8 << 20


def find_files(raw_path: str, pattern: str = "*") -> list[str]:
    """Files of a path: a file, a folder (``pattern`` inside), a glob, or an fsspec URL, sorted.

    Raises:
        UserError: nothing is there.
    """
    if "://" in raw_path:
        return [raw_path]
    path = Path(raw_path)
    if path.is_dir():
        found = sorted(str(file) for file in path.glob(pattern) if file.is_file() and not file.name.startswith("."))
        if not found:
            raise UserError(f"raw_path '{raw_path}': no file in this folder matches '{pattern}'")
        return found
    found = [raw_path] if path.is_file() else sorted(glob(raw_path))
    if not found:
        raise UserError(
            f"raw_path '{raw_path}': no such file, folder or glob; put the data there, or name another place with "
            "--params raw_path=..."
        )
    return found


def plain_file(path: str, folder: Path) -> Path:
    """The file uncompressed and local: itself, or a copy in ``folder`` that is made in bounded memory.

    Raises:
        UserError: a URL that cannot be read, or a damaged gzip file.
    """
    is_plain = "://" not in path and not path.endswith((".gz", ".zst", ".bz2", ".xz"))
    if is_plain:
        return Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / Path(path).name.removesuffix(".gz").removesuffix(".zst").removesuffix(".bz2").removesuffix(".xz")
    try:
        with fsspec.open(path, "rb", compression="infer") as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target, BLOCK)
    except (OSError, EOFError, ValueError, ImportError, gzip.BadGzipFile) as error:
        raise UserError(f"'{path}' cannot be read: {error}") from error
    return copy


def first_line(path: Path) -> str:
    """The first line without its line ending.

    Raises:
        UserError: the file is empty or not UTF-8.
    """
    with path.open("rb") as file:
        line = file.readline()
    if not line.strip():
        raise UserError(f"'{path}' is empty: no rows")
    try:
        return line.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise UserError(f"'{path}', line 1: not UTF-8 ({error.reason}); convert the file") from error
